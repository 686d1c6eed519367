//! What goes wrong on purpose: each time the library says what happened and what to do.

use diesel::prelude::*;
use diesel::result::Error::RollbackTransaction;
use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{LocalRootKey, RootKeyId};

use crate::Result;
use crate::model::Patient;
use crate::print::{line, wrapped};
use crate::schema::patients;

pub(crate) fn show(connection: &mut SqliteConnection, root_keys: &RootKeys) -> Result<()> {
    refusal("Another root key", another_key(connection, root_keys)?);
    refusal("No vault", no_vault(connection));
    refusal("Plaintext, written past the library", plaintext(connection));
    refusal("An email, moved to the phone's column", moved(connection));
    Ok(())
}

fn refusal(title: &str, message: Option<String>) {
    line(&format!("  {title}:"));
    wrapped("       ", message.as_deref().unwrap_or("it was NOT refused, which is a bug"));
}

/// Opens the database with another key of the same name.
fn another_key(connection: &mut SqliteConnection, root_keys: &RootKeys) -> Result<Option<String>> {
    let id = RootKeyId::new(root_keys.active().id().as_str())?;
    let other = RootKeys::new(LocalRootKey::new(id, Secret::generate()?));
    let opened = Vault::builder(other).application("clinic").model::<Patient>().open(connection);
    Ok(opened.err().map(|error| error.to_string()))
}

/// Loads a row where no vault can be had, as a program without the key would.
fn no_vault(connection: &mut SqliteConnection) -> Option<String> {
    Vault::isolated(|| message(&load_all(connection)))
}

/// What the triggers of the migration are for.
fn plaintext(connection: &mut SqliteConnection) -> Option<String> {
    let updated = diesel::sql_query("UPDATE patients SET email = 'eve@example.com'").execute(connection);
    updated.err().map(|error| error.to_string())
}

/// Puts a value where it does not belong, reads it, and takes everything back.
fn moved(connection: &mut SqliteConnection) -> Option<String> {
    let mut refused = None;
    let _rolled_back: QueryResult<()> = connection.transaction(|connection| {
        diesel::sql_query("UPDATE patients SET phone = email").execute(connection)?;
        refused = message(&load_all(connection));
        Err(RollbackTransaction)
    });
    refused
}

fn load_all(connection: &mut SqliteConnection) -> QueryResult<Vec<Patient>> {
    patients::table.select(Patient::as_select()).load(connection)
}

/// Our error, out of Diesel's.
fn message<T>(result: &QueryResult<T>) -> Option<String> {
    result.encryption_error().map(|error| error.to_string())
}
