//! PostgreSQL or SQLite, by the address: two pools, and a macro that runs a query on whichever there is.

use std::{error::Error, fmt::Display, pin::Pin, time::Duration};

use diesel::{ConnectionError, ConnectionResult, SqliteConnection};
use diesel_async::{
    AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, deadpool::Pool},
    sync_connection_wrapper::SyncConnectionWrapper,
};

use crate::{migrations, start::StartError};

type AsyncSqliteConnection = SyncConnectionWrapper<SqliteConnection>;

/// A pool of connections to whichever database the address named.
#[derive(Clone)]
pub enum Database {
    Postgres(Pool<AsyncPgConnection>),
    Sqlite(Pool<AsyncSqliteConnection>),
}

/// `on!(database, |conn| query)`: runs a query on a connection of the pool. A query of Diesel's has its backend in its
/// type, so this one text is compiled for each.
macro_rules! on {
    ($database:expr, |$conn:ident| $query:expr) => {
        match $database {
            $crate::database::Database::Postgres(pool) => {
                let $conn = &mut *$crate::database::in_time(pool.get()).await?;
                $query
            }
            $crate::database::Database::Sqlite(pool) => {
                let $conn = &mut *$crate::database::in_time(pool.get()).await?;
                $query
            }
        }
    };
}
pub(crate) use on;

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// There was no connection: the database is down, or too busy.
#[derive(Debug, thiserror::Error)]
#[error("no connection to the database: {0}")]
pub struct NoConnection(String);

/// A connection from a pool, if there is one soon.
pub async fn in_time<C, E: Display>(get: impl Future<Output = Result<C, E>>) -> Result<C, NoConnection> {
    match tokio::time::timeout(PATIENCE, get).await {
        Ok(connection) => connection.map_err(|error| NoConnection(error.to_string())),
        Err(_) => Err(NoConnection("all were in use".to_owned())),
    }
}

/// SQLite fails at once where another connection writes, unless told to wait.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = NORMAL;";

impl Database {
    /// Makes the tables that are missing, and a pool.
    pub async fn open(url: &str) -> Result<Self, StartError> {
        let address = url.to_owned();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            blocking(move || migrations::postgres(&address)).await?;
            let manager = AsyncDieselConnectionManager::new(url);
            Ok(Self::Postgres(Pool::builder(manager).build().map_err(StartError::failed("no pool"))?))
        } else if url.contains("://") {
            Err(StartError::configuration("DATABASE_URL has to be postgres://.., or the path of a SQLite file"))
        } else {
            blocking(move || migrations::sqlite(&address, SQLITE_SETTINGS)).await?;
            let mut config = ManagerConfig::default();
            config.custom_setup = Box::new(connect_to_sqlite);
            let manager = AsyncDieselConnectionManager::new_with_config(url, config);
            Ok(Self::Sqlite(Pool::builder(manager).build().map_err(StartError::failed("no pool"))?))
        }
    }
}

async fn blocking<E>(work: impl FnOnce() -> Result<(), E> + Send + 'static) -> Result<(), StartError>
where
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    let done =
        tokio::task::spawn_blocking(work).await.map_err(StartError::failed("the migrations were interrupted"))?;
    done.map_err(StartError::failed("the tables cannot be made"))
}

fn connect_to_sqlite(path: &str) -> Pin<Box<dyn Future<Output = ConnectionResult<AsyncSqliteConnection>> + Send + '_>> {
    Box::pin(async {
        let mut conn = AsyncSqliteConnection::establish(path).await?;
        conn.batch_execute(SQLITE_SETTINGS).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(conn)
    })
}
