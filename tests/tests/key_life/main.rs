//! The life of keys in a real database: rotated, destroyed and rewrapped, and what is recorded of it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod authority;
mod awaited;
mod processes;
mod tampered;
mod tasks;

use std::time::Duration;

use diesel_encrypted::key_life::{KeyInfo, KeySelection};
use diesel_encrypted::keys::{KeyState, Secret};
use diesel_encrypted::prelude::*;
use diesel_encrypted::{KeyManager, LocalRootKey, RootKeyId, VaultBuilder};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{self, Chart, Patient, Visit};
use diesel_encrypted_tests::scratch::Scratch;

/// A suite on every backend: a module for each.
macro_rules! on_each {
    ($suite:ident) => {
        $suite!(sqlite: SqliteConnection);
        #[cfg(feature = "postgres")]
        $suite!(postgres: PgConnection);
        #[cfg(feature = "mysql")]
        $suite!(mysql: MysqlConnection);
    };
}
use on_each;

/// Long enough that a slow machine is still within it.
const LEASE: Duration = Duration::from_millis(1500);

const EMAIL_TAGS: &str = "domain:contact";

fn root(id: &str, byte: u8) -> LocalRootKey {
    LocalRootKey::new(RootKeyId::new(id).unwrap(), Secret::from_slice(&[byte; 32]).unwrap())
}

fn old() -> RootKeys {
    RootKeys::new(root("old", 1))
}

fn new() -> RootKeys {
    RootKeys::new(root("new", 2))
}

fn models(root_keys: RootKeys) -> VaultBuilder {
    Vault::builder(root_keys).model::<Patient>().model::<Chart>().model::<Visit>()
}

fn manager() -> KeyManager {
    KeyManager::new(old()).lease(LEASE)
}

fn email() -> KeySelection {
    KeySelection::Field("patients.email".into())
}

fn only(keys: Vec<KeyInfo>, state: KeyState) -> KeyInfo {
    let mut of_state: Vec<_> = keys.into_iter().filter(|key| key.state == state).collect();
    assert_eq!(of_state.len(), 1);
    of_state.remove(0)
}

/// A database with the application's tables, and no keys yet.
fn database<C: Backend>() -> Scratch<C> {
    let mut connection = C::fresh();
    for statement in clinic::tables(C::DIALECT) {
        connection.batch_execute(&statement).unwrap();
    }
    connection
}
