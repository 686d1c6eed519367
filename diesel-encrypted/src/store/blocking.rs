//! The key store over a connection of Diesel's own.

use diesel_encrypted_core::{
    Applied, AsyncKeyStore, Change, Field, KeyError, KeyManager, KeyStore, KeyTask, StoreError, Stored, Vault,
    VaultBuilder, VaultError,
    keys::{KeyRow, Timestamp},
};

use super::{
    connection::KeyStoreConnection,
    engine::Engine,
    inventory::KeyInventory,
    run::{AtOnce, NOT_AT_ONCE, poll_once},
};

/// The key tables of the database behind a connection.
pub struct DieselKeyStore<'c, C>(Engine<'c, C, AtOnce>);

impl<C> std::fmt::Debug for DieselKeyStore<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DieselKeyStore")
    }
}

impl<'c, C: KeyStoreConnection> DieselKeyStore<'c, C> {
    /// The store behind `connection`. Touches nothing yet.
    pub fn new(connection: &'c mut C) -> Self {
        Self(Engine::new(connection))
    }

    /// Writes the rows of a backup to tables that have none, which it makes where they are missing, in one transaction.
    /// Whether the rows are authentic is for the caller to find out, before.
    ///
    /// [`Applied::Conflict`] if the tables have rows: then nothing was written.
    ///
    /// # Errors
    /// [`StoreError`] as [`KeyStore::apply`] has it.
    pub fn restore(&mut self, inventory: &KeyInventory) -> Result<Applied, StoreError> {
        at_once(self.0.restore(inventory))
    }

    /// Every row of the key tables, or `None` if the database has none of these tables. Makes nothing.
    ///
    /// # Errors
    /// [`StoreError::BadRow`] for a row that no version of this store wrote, and what the database says.
    pub fn inventory(&mut self) -> Result<Option<KeyInventory>, StoreError> {
        at_once(self.0.inventory())
    }
}

impl<C: KeyStoreConnection> KeyStore for DieselKeyStore<'_, C> {
    fn check_columns(&mut self, fields: &[&'static Field]) -> Result<(), StoreError> {
        at_once(self.0.check_columns(fields))
    }

    fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, StoreError> {
        at_once(self.0.load(scope))
    }

    fn load_all(&mut self) -> Result<Stored, StoreError> {
        at_once(self.0.load_all())
    }

    fn now(&mut self) -> Result<Timestamp, StoreError> {
        at_once(self.0.now())
    }

    fn add_usage(&mut self, sealed: &[(u32, u64)]) -> Result<(), StoreError> {
        at_once(self.0.add_usage(sealed))
    }

    fn usage(&mut self, scope: Option<&[u8]>) -> Result<Vec<(u32, u64)>, StoreError> {
        at_once(self.0.usage(scope))
    }

    fn apply(&mut self, changes: &[Change]) -> Result<Applied, StoreError> {
        at_once(self.0.apply(changes))
    }

    fn key(&mut self, key_id: u32) -> Result<Option<KeyRow>, StoreError> {
        at_once(self.0.key(key_id))
    }

    fn sample(&mut self, field: &Field) -> Result<Option<Vec<u8>>, StoreError> {
        at_once(self.0.sample(field))
    }
}

/// What a future gives that awaits nothing but a connection of Diesel's own.
fn at_once<T>(future: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    poll_once(future).unwrap_or_else(|| Err(StoreError::Database(NOT_AT_ONCE.into())))
}

/// Opens a vault over the database that a connection leads to.
pub trait OpenVault {
    /// Opens the vault: compares root keys, checks every row of the key tables (and makes the tables, if no migration
    /// has), makes and commits what keys are missing, reads them back, and holds the models against the registry.
    ///
    /// Call it once, at start, after the migrations and outside of a transaction. Inside of one it works as long as
    /// nothing has to be made.
    ///
    /// # Errors
    /// [`VaultError`]: each says what to do.
    fn open<C: KeyStoreConnection>(self, connection: &mut C) -> Result<Vault, VaultError>;
}

impl OpenVault for VaultBuilder {
    fn open<C: KeyStoreConnection>(self, connection: &mut C) -> Result<Vault, VaultError> {
        self.open_with(&mut DieselKeyStore::new(connection))
    }
}

/// Runs what is to be done to keys over the database that a connection leads to.
pub trait ManageKeys {
    /// Runs a task, outside of a transaction: what it writes is committed together.
    ///
    /// ```no_run
    /// use diesel::prelude::*;
    /// use diesel_encrypted::{KeyManager, ManageKeys, RootKeys, key_life::{ActivateKeys, CreateKeys, KeySelection, Processes}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let mut connection = SqliteConnection::establish("clinic.db")?;
    /// let keys = KeyManager::new(RootKeys::from_env()?);
    /// keys.run(&CreateKeys::new(KeySelection::EveryField), &mut connection)?;
    /// // Ten minutes later, or once every process was started again:
    /// keys.run(&ActivateKeys::new(KeySelection::EveryField, Processes::Refresh), &mut connection)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`KeyError`]: each says what to do.
    fn run<T: KeyTask, C: KeyStoreConnection>(&self, task: &T, connection: &mut C) -> Result<T::Report, KeyError>;
}

impl ManageKeys for KeyManager {
    fn run<T: KeyTask, C: KeyStoreConnection>(&self, task: &T, connection: &mut C) -> Result<T::Report, KeyError> {
        self.run_with(task, &mut DieselKeyStore::new(connection))
    }
}

/// Refreshes a vault over the database that a connection leads to.
pub trait RefreshVault {
    /// Reads the keys again. For [`refresh_by`](VaultBuilder::refresh_by), or by hand:
    ///
    /// ```no_run
    /// use diesel::prelude::*;
    /// use diesel_encrypted::prelude::*;
    /// use diesel_encrypted::RefreshVault;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let url = std::env::var("DATABASE_URL")?;
    /// let mut connection = SqliteConnection::establish(&url)?;
    /// let vault = Vault::builder(RootKeys::from_env()?)
    ///     .refresh_by(move |vault| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///         Ok(vault.refresh(&mut SqliteConnection::establish(&url)?)?)
    ///     })
    ///     .open(&mut connection)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Vault::refresh_with`].
    fn refresh<C: KeyStoreConnection>(&self, connection: &mut C) -> Result<(), VaultError>;
}

impl RefreshVault for Vault {
    fn refresh<C: KeyStoreConnection>(&self, connection: &mut C) -> Result<(), VaultError> {
        self.refresh_with(&mut DieselKeyStore::new(connection))
    }
}
