//! A session between requests, as a JSON Web Token: `tokens.rs` is what an application needs of it, and this file the
//! application around it, on SQLite.

#![allow(missing_docs, reason = "an example, whose files say what they are")]

pub mod tokens;

use std::error::Error;
use std::path::Path;

use diesel::prelude::*;
use diesel_encrypted::accounts::{self, Accounts};
use diesel_encrypted::prelude::*;
use diesel_migrations::MigrationHarness;
// Nothing of it is called: it builds SQLite into the program.
use libsqlite3_sys as _;

/// Opens the database with these root keys, and makes what is missing in it.
pub fn open(
    database: &Path,
    root_keys: &RootKeys,
) -> Result<(SqliteConnection, Accounts), Box<dyn Error + Send + Sync>> {
    let mut connection = SqliteConnection::establish(&database.to_string_lossy())?;
    connection.run_pending_migrations(accounts::tables())?;
    let vault = Vault::builder(root_keys.clone()).application("sessions").users().open(&mut connection)?;
    Ok((connection, Accounts::new(&vault)?))
}
