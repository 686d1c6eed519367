//! Encrypted columns with futures, and over the connections of diesel-async. No vault is installed in this binary, so that
//! a scope that was lost is an error, and one that leaked is seen.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test that cannot go on fails"
)]

mod database;
mod futures;
mod pools;
#[cfg(feature = "postgres")]
mod postgres;
mod scopes;
mod values;
mod vault;
