//! Keys of users: what opens them, what does not, and what is found out where someone altered a row.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, and one that is skipped says so"
)]

mod carried_over;
mod codes;
mod escrow;
mod hpke;
mod password;
mod questions;
mod records;
mod session;
mod sharing;
mod tamper;
mod values;
mod vectors;
mod world;
