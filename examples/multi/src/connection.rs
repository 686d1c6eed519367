//! One connection type for every database.

use diesel::ConnectionError::BadConnection;
use diesel::prelude::*;
use diesel_encrypted::Dialect;

/// A connection to whichever database the address names.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Postgres(PgConnection),
    Mysql(MysqlConnection),
    Sqlite(SqliteConnection),
}

// The one line that encrypted columns need beside the derive.
diesel_encrypted::multi_connection!(MultiBackend);

impl AnyConnection {
    /// Connects to `postgres://..`, `mysql://..`, or else to a SQLite file or `:memory:`.
    ///
    /// The derived `establish` tries one after the other, and so cannot say why the right one failed.
    pub fn open(url: &str) -> ConnectionResult<Self> {
        match url.split_once("://") {
            Some(("postgres" | "postgresql", _)) => PgConnection::establish(url).map(Self::Postgres),
            Some(("mysql", _)) => MysqlConnection::establish(url).map(Self::Mysql),
            None | Some(("sqlite", _)) => {
                SqliteConnection::establish(url.trim_start_matches("sqlite://")).map(Self::Sqlite)
            }
            Some((scheme, _)) => Err(BadConnection(format!(
                "no database is called `{scheme}://`: give postgres://.., mysql://.., or the path of a SQLite file"
            ))),
        }
    }

    /// The database that this connection is open to.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Mysql(_) => Dialect::Mysql,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }
}
