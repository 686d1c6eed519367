//! Everything through `#[derive(MultiConnection)]`, with each variant open to its own database.
//!
//! `queries.rs` and `writes.rs` try each backend for itself. What is tried here is that one type over several of them does
//! the same, and that each database gets its own SQL.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    reason = "tests, and what the derive writes"
)]

mod pool;
mod queries;
mod statements;
mod two;
mod vault;

use diesel::prelude::*;
use diesel_encrypted::Dialect;
use diesel_encrypted_tests::{clinic, server};

/// A connection to whichever database a test has made.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Postgres(PgConnection),
    Mysql(MysqlConnection),
    Sqlite(SqliteConnection),
}

diesel_encrypted::multi_connection!(MultiBackend);

/// An address of the database, for as long as this lives.
pub struct Database<T> {
    pub url: String,
    pub dialect: Dialect,
    _gone_with_it: T,
}

impl<T> Database<T> {
    pub fn connect(&self) -> AnyConnection {
        let mut connection = AnyConnection::establish(&self.url).unwrap();
        if let AnyConnection::Sqlite(_) = connection {
            diesel::sql_query("PRAGMA busy_timeout = 5000").execute(&mut connection).unwrap();
        }
        connection
    }
}

fn with_tables<T>(database: Database<T>) -> Database<T> {
    let connection = &mut database.connect();
    let (binary, _) = clinic::types(database.dialect);
    let strict = format!("CREATE TABLE badges (id integer PRIMARY KEY, code {binary} NOT NULL, owner {binary})");
    let mut statements = clinic::tables(database.dialect);
    statements.push(strict);
    statements.extend(clinic::generated_columns::<queries::Badge>(database.dialect));
    for statement in statements {
        diesel::sql_query(statement).execute(connection).unwrap();
    }
    database
}

/// Fresh databases with the clinic's tables.
pub mod fresh {
    use super::*;

    pub fn sqlite() -> Database<tempfile::TempDir> {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("clinic.db").to_str().unwrap().to_owned();
        with_tables(Database { url, dialect: Dialect::Sqlite, _gone_with_it: folder })
    }

    pub fn postgres() -> Database<server::Scratch<PgConnection>> {
        let scratch = server::postgres();
        let url = scratch.url().to_owned();
        with_tables(Database { url, dialect: Dialect::Postgres, _gone_with_it: scratch })
    }

    pub fn mysql() -> Database<server::Scratch<MysqlConnection>> {
        let scratch = server::mysql();
        let url = scratch.url().to_owned();
        with_tables(Database { url, dialect: Dialect::Mysql, _gone_with_it: scratch })
    }
}

/// Runs `$suite!(name, maker of a fresh database)` for each.
macro_rules! on_each {
    ($suite:ident) => {
        $suite!(sqlite, crate::fresh::sqlite);
        $suite!(postgres, crate::fresh::postgres);
        $suite!(mysql, crate::fresh::mysql);
    };
}
pub(crate) use on_each;
