//! From plaintext to sealed values while the application runs, on every database.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test that cannot go on fails"
)]

mod search;
