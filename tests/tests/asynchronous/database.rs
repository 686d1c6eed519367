//! Databases for connections of diesel-async, one for each test, which are gone when the test is.

use std::any::Any;

use diesel::prelude::*;
use diesel_async::{
    AsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig},
};
use tokio::runtime::{Builder, Runtime};

use diesel_encrypted_tests::clinic;

/// A database of its own, which is dropped with this, with the tables of the clinic.
pub struct Database {
    url: String,
    _kept: Box<dyn Any>,
}

impl Database {
    /// Where connections to it lead.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection to it.
    pub async fn connect<C: AsyncConnection>(&self) -> C {
        establish(&self.url).await.unwrap()
    }
}

/// A connection that waits for others: SQLite's does not by itself.
///
/// # Errors
/// As the connection has it.
pub async fn establish<C: AsyncConnection>(url: &str) -> ConnectionResult<C> {
    let mut connection = C::establish(url).await?;
    if !url.contains("://") {
        let waits = connection.batch_execute("PRAGMA busy_timeout = 30000").await;
        waits.map_err(ConnectionError::CouldntSetupConfiguration)?;
    }
    Ok(connection)
}

/// What makes such connections for a pool.
pub fn manager<C: AsyncConnection + 'static>(database: &Database) -> AsyncDieselConnectionManager<C> {
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(|url| Box::pin(establish(url)));
    AsyncDieselConnectionManager::new_with_config(database.url(), config)
}

/// A fresh SQLite database in a file.
pub fn sqlite() -> Database {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("clinic.db").to_str().unwrap().to_owned();
    let mut connection = SqliteConnection::establish(&url).unwrap();
    let tables = clinic::create_tables("blob", "text");
    for statement in ["PRAGMA journal_mode = WAL".to_owned()].into_iter().chain(tables) {
        diesel::sql_query(statement).execute(&mut connection).unwrap();
    }
    Database { url, _kept: Box::new(folder) }
}

/// A fresh database on PostgreSQL.
#[cfg(feature = "postgres")]
pub fn postgres() -> Database {
    let scratch = clinic::postgres();
    Database { url: scratch.url().to_owned(), _kept: Box::new(scratch) }
}

/// A fresh database on MySQL or MariaDB.
#[cfg(feature = "mysql")]
pub fn mysql() -> Database {
    let scratch = clinic::mysql();
    Database { url: scratch.url().to_owned(), _kept: Box::new(scratch) }
}

/// A runtime whose tasks go from thread to thread.
pub fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}
