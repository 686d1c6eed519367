//! The key store in the application's own database: the tables `encryption_keys` and `encrypted_columns`.
//!
//! It reads and writes rows; what they mean, and whether they are authentic, the vault decides.

#[cfg(feature = "async")]
mod asynchronous;
mod catalogue;
mod connection;
mod failure;
mod migration;
mod rows;
mod statement;
mod tables;

use diesel::{connection::TransactionManager, result::Error as DieselError};
use diesel_encrypted_core::{
    Applied, Change, Field, KeyStore, StoreError, Stored, Vault, VaultBuilder, VaultError, keys::KeyRow,
};

#[cfg(feature = "async")]
pub use asynchronous::{AsyncDieselKeyStore, AsyncKeyStoreConnection, OpenVaultAsync};
use catalogue::Catalogue;
pub use connection::KeyStoreConnection;
use failure::{PAUSE, TRIES, failed, is_conflict, may_pass, not_made, not_written, patiently, unreadable};
pub use migration::{KeyTables, key_tables};
use statement::Statement;

/// The key tables of the database behind a connection.
pub struct DieselKeyStore<'c, C> {
    connection: &'c mut C,
    /// Whether both tables have been seen.
    has_tables: bool,
}

impl<C> std::fmt::Debug for DieselKeyStore<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DieselKeyStore")
    }
}

impl<'c, C: KeyStoreConnection> DieselKeyStore<'c, C> {
    /// The store behind `connection`. Touches nothing yet.
    pub fn new(connection: &'c mut C) -> Self {
        Self { connection, has_tables: false }
    }

    fn in_transaction(&mut self) -> Result<bool, DieselError> {
        let status = C::TransactionManager::transaction_manager_status_mut(self.connection);
        status.transaction_depth().map(|depth| depth.is_some())
    }

    /// Keys cannot be made inside of a transaction.
    fn refuse_transaction(&mut self) -> Result<(), StoreError> {
        match self.in_transaction().map_err(failed)? {
            true => Err(StoreError::InTransaction),
            false => Ok(()),
        }
    }

    /// Reads, and reads again what another process was in the way of.
    fn read<R>(&mut self, read: impl Fn(&mut C) -> Result<R, DieselError>) -> Result<R, DieselError> {
        let again = !self.in_transaction()?;
        patiently(again, || read(self.connection))
    }

    fn look<'f>(&mut self, fields: &'f [&'static Field]) -> Result<Catalogue<'f>, StoreError> {
        let rows = self.read(|connection| connection.catalogue(catalogue::look(fields))).map_err(failed)?;
        let catalogue = Catalogue::new(fields, rows)?;
        self.has_tables = catalogue.has_key_tables();
        Ok(catalogue)
    }

    /// Makes the tables, where a migration has not.
    fn require_tables(&mut self) -> Result<(), StoreError> {
        if self.has_tables || self.look(&[])?.has_key_tables() {
            return Ok(());
        }
        self.refuse_transaction()?;
        let mut tries = 1;
        loop {
            let mut make = |table| patiently(false, || self.connection.run(Statement::new().words(table)));
            let made = tables::CREATE.into_iter().try_for_each(|table| make(table).map(drop));
            match made {
                Ok(()) => {
                    tracing::info!("the tables encryption_keys and encrypted_columns were made");
                    self.has_tables = true;
                    return Ok(());
                }
                // PostgreSQL fails in spite of IF NOT EXISTS where another process makes the same table.
                Err(_) if self.look(&[])?.has_key_tables() => return Ok(()),
                Err(error) if tries == TRIES => return Err(not_made(error)),
                Err(_) => std::thread::sleep(PAUSE * tries),
            }
            tries += 1;
        }
    }

    fn rows(&mut self, scope: Option<&[u8]>) -> Result<Stored, DieselError> {
        let keys = self.read(|connection| connection.keys(tables::select_keys(scope)))?;
        let fields = self.read(|connection| connection.fields(tables::select_fields()))?;
        let keys = keys.into_iter().map(rows::key_row).collect::<Result<_, _>>()?;
        let fields = fields.into_iter().map(rows::field_row).collect::<Result<_, _>>()?;
        Ok(Stored::new(keys, fields))
    }

    fn write(&mut self, changes: &[Change]) -> Result<(), DieselError> {
        self.connection.transaction(|connection| {
            changes.iter().try_for_each(|change| {
                let statement = rows::write(change).ok_or(DieselError::RollbackTransaction)?;
                if connection.run(statement)? == 1 { Ok(()) } else { Err(DieselError::NotFound) }
            })
        })
    }
}

impl<C: KeyStoreConnection> KeyStore for DieselKeyStore<'_, C> {
    fn check_columns(&mut self, fields: &[&'static Field]) -> Result<(), StoreError> {
        let mut catalogue = self.look(fields)?;
        for statement in catalogue.further() {
            catalogue.add(self.read(|connection| connection.catalogue(statement.clone())).map_err(failed)?);
        }
        for field in catalogue.unseen() {
            self.sample(field)?;
        }
        catalogue.check()
    }

    fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, StoreError> {
        self.require_tables()?;
        self.rows(scope).map_err(failed)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<Applied, StoreError> {
        rows::check_lengths(changes)?;
        self.refuse_transaction()?;
        let mut tries = 1;
        loop {
            match patiently(false, || self.write(changes)) {
                Ok(()) => return Ok(Applied::Written),
                Err(error) if is_conflict(&error) => return Ok(Applied::Conflict),
                Err(error) if may_pass(&error) && tries < TRIES => std::thread::sleep(PAUSE * tries),
                Err(error) => return Err(not_written(error)),
            }
            tries += 1;
        }
    }

    fn key(&mut self, key_id: u32) -> Result<Option<KeyRow>, StoreError> {
        let row = self.read(|connection| connection.keys(tables::select_key(key_id))).map_err(failed)?.pop();
        row.map(rows::key_row).transpose().map_err(|bad| failed(bad.into()))
    }

    fn sample(&mut self, field: &Field) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.read(|connection| connection.sample(tables::select_sample(field)));
        value.map_err(|error| unreadable(field, error))
    }
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
