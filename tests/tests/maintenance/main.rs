//! Maintenance of tables that an application uses, on every database from one body.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod holders;
mod keys;
mod killed;
mod new_keys;
mod operations;
mod sharing;
mod status;

use std::ops::ControlFlow;

use diesel_encrypted::maintenance::{Progress, Report};
pub(crate) use diesel_encrypted_tests::on_every_database;

/// Goes on.
fn on(_: &Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// What a report says of one column.
fn counts(report: &Report, column: &str) -> (u64, u64, u64, u64) {
    let counts = report.columns.iter().find(|report| report.column == column).unwrap().counts;
    (counts.done, counts.skipped, counts.changed, counts.failed)
}
