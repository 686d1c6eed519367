//! What the databases of the suites differ in, so that one body runs on all of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "fixtures")]

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_encrypted::EncryptedModel;
use diesel_encrypted::sql::Dialect;

use crate::clinic::generated_columns;
use crate::scratch::Scratch;

/// A backend, by its connection.
pub trait Backend: Connection {
    /// Its SQL.
    const DIALECT: Dialect;
    /// A column of sealed values as bytes, of any length.
    const BYTES: &str;
    /// A column of sealed values as text, of any length and compared bytewise.
    const TEXT: &str;
    /// The first parameter of a statement.
    const PARAMETER: &str = "?";
    /// Whether a column takes a value of another type, as it is.
    const TAKES_ANY_TYPE: bool = false;

    /// A fresh, empty database.
    fn fresh() -> Scratch<Self>;

    /// Makes `target` what `source` is.
    fn copy(source: Scratch<Self>, target: Scratch<Self>) -> Scratch<Self>;

    /// Bytes, as a statement writes them.
    fn literal(bytes: &[u8]) -> String {
        format!("x'{}'", crate::vectors::to_hex(bytes))
    }

    /// A fresh database with the table of a model, whose statement calls the types `{bytes}` and `{text}`, and with the
    /// generated columns that searches name.
    fn with_table<M: EncryptedModel>(table: &str) -> Scratch<Self> {
        let mut connection = Self::fresh();
        let table = table.replace("{bytes}", Self::BYTES).replace("{text}", Self::TEXT);
        for statement in [table].into_iter().chain(generated_columns::<M>(Self::DIALECT)) {
            connection.batch_execute(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        connection
    }
}

impl Backend for SqliteConnection {
    const DIALECT: Dialect = Dialect::Sqlite;
    const BYTES: &str = "blob";
    const TEXT: &str = "text";
    const TAKES_ANY_TYPE: bool = true;

    fn fresh() -> Scratch<Self> {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("test.db").to_str().unwrap().to_owned();
        let mut scratch = Scratch::<Self>::new(url, || drop(folder));
        // Nobody needs it after a crash.
        scratch.batch_execute("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF").unwrap();
        scratch
    }

    fn copy(source: Scratch<Self>, mut target: Scratch<Self>) -> Scratch<Self> {
        target.disconnect();
        std::fs::copy(source.url(), target.url()).unwrap();
        target.reconnect();
        target
    }
}

#[cfg(feature = "postgres")]
impl Backend for PgConnection {
    const DIALECT: Dialect = Dialect::Postgres;
    const BYTES: &str = "bytea";
    const TEXT: &str = "text";
    const PARAMETER: &str = "$1";

    fn fresh() -> Scratch<Self> {
        crate::server::postgres()
    }

    fn copy(mut source: Scratch<Self>, mut target: Scratch<Self>) -> Scratch<Self> {
        source.disconnect();
        target.disconnect();
        let (from, to) = (source.name(), target.name());
        let server = &mut PgConnection::establish(&crate::server::postgres_url()).unwrap();
        for statement in [format!("DROP DATABASE {to} WITH (FORCE)"), format!("CREATE DATABASE {to} TEMPLATE {from}")] {
            server.batch_execute(&statement).unwrap();
        }
        target.reconnect();
        target
    }

    fn literal(bytes: &[u8]) -> String {
        format!("'\\x{}'::bytea", crate::vectors::to_hex(bytes))
    }
}

#[cfg(feature = "mysql")]
impl Backend for MysqlConnection {
    const DIALECT: Dialect = Dialect::Mysql;
    const BYTES: &str = "longblob";
    const TEXT: &str = "longtext CHARACTER SET ascii COLLATE ascii_bin";

    fn fresh() -> Scratch<Self> {
        crate::server::mysql()
    }

    fn copy(source: Scratch<Self>, mut target: Scratch<Self>) -> Scratch<Self> {
        let (from, to) = (source.name().to_owned(), target.name().to_owned());
        let tables = diesel::dsl::sql::<diesel::sql_types::Text>("SELECT table_name FROM information_schema.tables ")
            .sql(&format!("WHERE table_schema = '{from}'"));
        for table in tables.load::<String>(&mut *target).unwrap() {
            for statement in [
                format!("DROP TABLE IF EXISTS {to}.{table}"),
                format!("CREATE TABLE {to}.{table} LIKE {from}.{table}"),
                format!("INSERT INTO {to}.{table} SELECT * FROM {from}.{table}"),
            ] {
                target.batch_execute(&statement).unwrap();
            }
        }
        target
    }
}

/// A suite on every backend: `$suite!(module: Connection)` for each.
#[macro_export]
macro_rules! on_each {
    ($suite:ident) => {
        $suite!(sqlite: SqliteConnection);
        #[cfg(feature = "postgres")]
        $suite!(postgres: PgConnection);
        #[cfg(feature = "mysql")]
        $suite!(mysql: MysqlConnection);
    };
}

/// Tests with one body, `fn name<C>() { .. }`, for each backend: `C` is the type of its connection.
#[macro_export]
macro_rules! on_every_backend {
    ($($(#[$attribute:meta])* fn $name:ident<$connection:ident>() $body:block)+) => { $(
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports, reason = "not every body names something")]
            use super::*;

            #[test]
            fn sqlite() {
                type $connection = diesel::SqliteConnection;
                $body
            }

            #[cfg(feature = "postgres")]
            #[test]
            fn postgres() {
                type $connection = diesel::PgConnection;
                $body
            }

            #[cfg(feature = "mysql")]
            #[test]
            fn mysql() {
                type $connection = diesel::MysqlConnection;
                $body
            }
        }
    )+ };
}

/// Tests with bodies that are generic over the connection, `fn name<C: Database>()`, for each backend.
#[macro_export]
macro_rules! on_every_database {
    ($($name:ident,)*) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name::<::diesel::SqliteConnection>(); })*
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
