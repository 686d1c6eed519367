//! From plaintext to sealed values while the application runs, on every database.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test that cannot go on fails"
)]

mod beside;
mod path;
mod release;
mod search;
mod tenants;

use std::ops::ControlFlow;

use diesel_encrypted::maintenance::Progress;
use diesel_encrypted_tests::on_every_database;

/// Goes on.
fn on(_: &Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
