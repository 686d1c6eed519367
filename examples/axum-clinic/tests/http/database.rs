//! A database of its own for each test, which is gone when the test is.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use tempfile::TempDir;

pub(crate) enum Database {
    Sqlite(TempDir),
    Postgres { server: String, name: String },
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// On the server that `PG_DATABASE_URL` names, if it does. Its user must be allowed to create databases.
    pub(crate) fn postgres() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);

        let server = std::env::var("PG_DATABASE_URL").ok().filter(|url| !url.is_empty())?;
        let run = std::env::var("ENCRYPTED_TEST_RUN").map_or(String::new(), |run| format!("{run}_"));
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("encrypted_test_{run}clinic_{}_{number}", process::id());
        execute_on_postgres(&server, &format!("CREATE DATABASE {name} TEMPLATE template0"));
        Some(Self::Postgres { server, name })
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => folder.path().join("clinic.db").to_str().unwrap().to_owned(),
            Self::Postgres { server, name } => {
                let (server, query) = server
                    .split_once('?')
                    .map_or((server.as_str(), String::new()), |(url, query)| (url, format!("?{query}")));
                let (server, _) = server.rsplit_once('/').unwrap();
                format!("{server}/{name}{query}")
            }
        }
    }

    /// Executes one statement, or the other, as whoever can write to the database might.
    pub(crate) fn execute(&self, on_sqlite: &str, on_postgres: &str) {
        match self {
            Self::Sqlite(_) => {
                let mut conn = SqliteConnection::establish(&self.url()).unwrap();
                conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
                conn.batch_execute(on_sqlite).unwrap();
            }
            Self::Postgres { .. } => execute_on_postgres(&self.url(), on_postgres),
        }
    }

    /// Lets a PostgreSQL server refuse connections to the database, and ends those that there are.
    pub(crate) fn allow_connections(&self, allowed: bool) {
        let Self::Postgres { server, name } = self else { return };
        execute_on_postgres(server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}"));
        if !allowed {
            let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            execute_on_postgres(server, &end);
        }
    }
}

fn execute_on_postgres(url: &str, statement: &str) {
    let mut conn: AsyncConnectionWrapper<AsyncPgConnection> = Connection::establish(url).unwrap();
    conn.batch_execute(statement).unwrap();
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { server, name } = self {
            execute_on_postgres(server, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}
