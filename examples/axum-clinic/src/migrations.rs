//! The tables, made when the service starts. Diesel's migrations block: run these on a thread of their own.
//!
//! Of several processes that start at once, one makes the tables and the others wait for it: all is one transaction, which
//! begins with a lock.

use std::error::Error;

use diesel::{connection::SimpleConnection as _, prelude::*};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_encrypted::{KnownBackend, key_tables};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

type Result = std::result::Result<(), Box<dyn Error + Send + Sync>>;

pub fn postgres(url: &str) -> Result {
    let conn = &mut AsyncConnectionWrapper::<AsyncPgConnection>::establish(url)?;
    conn.transaction(|conn| {
        diesel::sql_query("SELECT pg_advisory_xact_lock(hashtext('axum-clinic migrations'))").execute(conn)?;
        run(conn, POSTGRES)
    })
}

pub fn sqlite(path: &str, settings: &str) -> Result {
    let conn = &mut SqliteConnection::establish(path)?;
    conn.batch_execute(settings)?;
    conn.immediate_transaction(|conn| run(conn, SQLITE))
}

/// The key tables are made here as well, so that the service itself could do without the right to make tables.
fn run<DB: KnownBackend>(conn: &mut impl MigrationHarness<DB>, own: EmbeddedMigrations) -> Result {
    conn.run_pending_migrations(key_tables())?;
    conn.run_pending_migrations(own)?;
    Ok(())
}
