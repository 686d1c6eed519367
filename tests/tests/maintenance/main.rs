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

/// Goes on.
fn on(_: &Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// What a report says of one column.
fn counts(report: &Report, column: &str) -> (u64, u64, u64, u64) {
    let counts = report.columns.iter().find(|report| report.column == column).unwrap().counts;
    (counts.done, counts.skipped, counts.changed, counts.failed)
}

/// A test for each database, from one body.
macro_rules! on_every_database {
    ($($name:ident,)*) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name::<diesel::SqliteConnection>(); })*
        }
        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[test] fn $name() { super::$name::<diesel::PgConnection>(); })*
        }
        #[cfg(feature = "mysql")]
        mod mysql {
            $(#[test] fn $name() { super::$name::<diesel::MysqlConnection>(); })*
        }
    };
}
pub(crate) use on_every_database;
