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

/// Goes on.
fn on(_: &Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
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
use on_every_database;
