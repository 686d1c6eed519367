//! Connections to the database that a URL names, of whatever kind it is.
//!
//! The drivers of PostgreSQL and MySQL are Rust, so that no client library has to be installed; the features `libpq` and
//! `libmysqlclient` take Diesel's own, by those libraries, in their place.

use std::path::Path;

use diesel::{connection::SimpleConnection as _, prelude::*};
// Nothing of it is called: it builds SQLite into the program.
use libsqlite3_sys as _;

use crate::{
    exit::{Failure, Result},
    redact::redact,
    session::Session,
};

#[cfg(not(feature = "libmysqlclient"))]
pub(crate) type Mysql =
    diesel_async::async_connection_wrapper::AsyncConnectionWrapper<diesel_async::AsyncMysqlConnection>;
#[cfg(feature = "libmysqlclient")]
pub(crate) type Mysql = diesel::MysqlConnection;
#[cfg(not(feature = "libpq"))]
pub(crate) type Postgres =
    diesel_async::async_connection_wrapper::AsyncConnectionWrapper<diesel_async::AsyncPgConnection>;
#[cfg(feature = "libpq")]
pub(crate) type Postgres = diesel::PgConnection;

/// The kind of database that a URL is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    Mysql,
}

impl Kind {
    /// By its scheme. What has none is the path of a SQLite file.
    pub(crate) fn of(url: &str) -> Result<Self> {
        match url.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            Some(("mysql", _)) => Ok(Self::Mysql),
            None | Some(("sqlite", _)) => Ok(Self::Sqlite),
            Some(_) => Err(Failure::usage(
                "the database URL has to be postgres://USER@HOST/NAME, mysql://USER@HOST/NAME, or the path of a SQLite file",
            )),
        }
    }
}

/// Connects. A SQLite file has to exist: an empty one that a typing error made would have no keys, and say so.
pub(crate) fn connect(url: &str) -> Result<Box<dyn Session>> {
    let refused = |error: ConnectionError| {
        Failure::failed(format!("cannot connect to the database: {}", redact(&error.to_string(), url)))
    };
    Ok(match Kind::of(url)? {
        Kind::Sqlite => {
            let path = url.strip_prefix("sqlite://").unwrap_or(url);
            if !path.starts_with("file:") && !Path::new(path).is_file() {
                return Err(Failure::failed(format!("there is no database file {path}")));
            }
            let mut connection = SqliteConnection::establish(path).map_err(refused)?;
            // The application and other workers write too.
            connection.batch_execute("PRAGMA busy_timeout = 10000")?;
            Box::new(connection)
        }
        Kind::Postgres => Box::new(Postgres::establish(url).map_err(refused)?),
        Kind::Mysql => Box::new(Mysql::establish(url).map_err(refused)?),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

    use super::*;

    #[test]
    fn a_url_tells_its_kind() {
        for (url, kind) in [
            ("postgres://db/clinic", Kind::Postgres),
            ("postgresql:///clinic?host=/run", Kind::Postgres),
            ("mysql://root@db/clinic", Kind::Mysql),
            ("sqlite://clinic.db", Kind::Sqlite),
            ("/var/lib/clinic.db", Kind::Sqlite),
            ("file:clinic.db?mode=ro", Kind::Sqlite),
        ] {
            assert_eq!(Kind::of(url).unwrap(), kind, "{url}");
        }
        assert!(Kind::of("oracle://db/clinic").is_err());
    }
}
