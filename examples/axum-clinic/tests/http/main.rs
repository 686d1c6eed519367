//! The service as its clients and its operators meet it: the real process, over HTTP, on SQLite and, where
//! `PG_DATABASE_URL` names a server, on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod database;
mod requests;
mod service;
mod startup;
mod tampering;

/// Runs each test on every database that there is.
macro_rules! on_each_database {
    ($($test:ident)*) => {
        mod sqlite {
            $(
                #[test]
                fn $test() {
                    super::$test(&$crate::database::Database::sqlite());
                }
            )*
        }

        mod postgres {
            $(
                #[test]
                fn $test() {
                    if let Some(database) = $crate::database::Database::postgres() {
                        super::$test(&database);
                    }
                }
            )*
        }
    };
}
pub(crate) use on_each_database;
