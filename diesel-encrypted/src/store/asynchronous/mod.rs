//! The key store over a connection of diesel-async: the statements and rows of the other one, awaited.

mod connection;
mod patience;

use diesel::result::{Error as DieselError, QueryResult};
use diesel_async::TransactionManager;
use diesel_encrypted_core::{
    Applied, AsyncKeyStore, Change, Field, StoreError, Stored, Vault, VaultBuilder, VaultError, keys::KeyRow,
};

use super::{
    catalogue::{self, Catalogue},
    failure::{PAUSE, TRIES, failed, is_conflict, may_pass, not_made, not_written, unreadable},
    rows,
    statement::Statement,
    tables,
};
pub use connection::AsyncKeyStoreConnection;
use patience::{Pause, patiently};

/// The key tables of the database behind a connection of diesel-async's.
pub struct AsyncDieselKeyStore<'c, C> {
    connection: &'c mut C,
    /// Whether both tables have been seen.
    has_tables: bool,
}

impl<C> std::fmt::Debug for AsyncDieselKeyStore<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AsyncDieselKeyStore")
    }
}

impl<'c, C: AsyncKeyStoreConnection> AsyncDieselKeyStore<'c, C> {
    /// The store behind `connection`. Touches nothing yet.
    pub fn new(connection: &'c mut C) -> Self {
        Self { connection, has_tables: false }
    }

    fn in_transaction(&mut self) -> QueryResult<bool> {
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

    async fn look<'f>(&mut self, fields: &'f [&'static Field]) -> Result<Catalogue<'f>, StoreError> {
        let again = !self.in_transaction().map_err(failed)?;
        let rows = patiently!(again, self.connection.catalogue(catalogue::look(fields))).map_err(failed)?;
        let catalogue = Catalogue::new(fields, rows)?;
        self.has_tables = catalogue.has_key_tables();
        Ok(catalogue)
    }

    /// Makes the tables, where a migration has not.
    async fn require_tables(&mut self) -> Result<(), StoreError> {
        if self.has_tables || self.look(&[]).await?.has_key_tables() {
            return Ok(());
        }
        self.refuse_transaction()?;
        let mut tries = 1;
        loop {
            match self.make_tables().await {
                Ok(()) => {
                    tracing::info!("the tables encryption_keys and encrypted_columns were made");
                    self.has_tables = true;
                    return Ok(());
                }
                // PostgreSQL fails in spite of IF NOT EXISTS where another process makes the same table.
                Err(_) if self.look(&[]).await?.has_key_tables() => return Ok(()),
                Err(error) if tries == TRIES => return Err(not_made(error)),
                Err(_) => Pause::new(PAUSE * tries).await,
            }
            tries += 1;
        }
    }

    async fn make_tables(&mut self) -> QueryResult<()> {
        for table in tables::CREATE {
            patiently!(false, self.connection.run(Statement::new().words(table)))?;
        }
        Ok(())
    }

    async fn rows(&mut self, scope: Option<&[u8]>) -> QueryResult<Stored> {
        let again = !self.in_transaction()?;
        let keys = patiently!(again, self.connection.keys(tables::select_keys(scope)))?;
        let fields = patiently!(again, self.connection.fields(tables::select_fields()))?;
        let keys = keys.into_iter().map(rows::key_row).collect::<Result<_, _>>()?;
        let fields = fields.into_iter().map(rows::field_row).collect::<Result<_, _>>()?;
        Ok(Stored::new(keys, fields))
    }

    /// Writes all changes or none.
    async fn write(&mut self, changes: &[Change]) -> QueryResult<()> {
        C::TransactionManager::begin_transaction(self.connection).await?;
        let written = self.write_each(changes).await;
        match written {
            Ok(()) => C::TransactionManager::commit_transaction(self.connection).await,
            Err(error) => match C::TransactionManager::rollback_transaction(self.connection).await {
                // The database ended the transaction by itself: the first error says why.
                Ok(()) | Err(DieselError::BrokenTransactionManager) => Err(error),
                Err(rollback) => Err(rollback),
            },
        }
    }

    async fn write_each(&mut self, changes: &[Change]) -> QueryResult<()> {
        for change in changes {
            let statement = rows::write(change).ok_or(DieselError::RollbackTransaction)?;
            if self.connection.run(statement).await? != 1 {
                return Err(DieselError::NotFound);
            }
        }
        Ok(())
    }
}

impl<C: AsyncKeyStoreConnection> AsyncKeyStore for AsyncDieselKeyStore<'_, C> {
    async fn check_columns(&mut self, fields: &[&'static Field]) -> Result<(), StoreError> {
        let mut catalogue = self.look(fields).await?;
        let again = !self.in_transaction().map_err(failed)?;
        for statement in catalogue.further() {
            catalogue.add(patiently!(again, self.connection.catalogue(statement.clone())).map_err(failed)?);
        }
        for field in catalogue.unseen() {
            self.sample(field).await?;
        }
        catalogue.check()
    }

    async fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, StoreError> {
        self.require_tables().await?;
        self.rows(scope).await.map_err(failed)
    }

    async fn apply(&mut self, changes: &[Change]) -> Result<Applied, StoreError> {
        rows::check_lengths(changes)?;
        self.refuse_transaction()?;
        let mut tries = 1;
        loop {
            match patiently!(false, self.write(changes)) {
                Ok(()) => return Ok(Applied::Written),
                Err(error) if is_conflict(&error) => return Ok(Applied::Conflict),
                Err(error) if may_pass(&error) && tries < TRIES => Pause::new(PAUSE * tries).await,
                Err(error) => return Err(not_written(error)),
            }
            tries += 1;
        }
    }

    async fn key(&mut self, key_id: u32) -> Result<Option<KeyRow>, StoreError> {
        let again = !self.in_transaction().map_err(failed)?;
        let row = patiently!(again, self.connection.keys(tables::select_key(key_id))).map_err(failed)?.pop();
        row.map(rows::key_row).transpose().map_err(|bad| failed(bad.into()))
    }

    async fn sample(&mut self, field: &Field) -> Result<Option<Vec<u8>>, StoreError> {
        let again = !self.in_transaction().map_err(failed)?;
        let value = patiently!(again, self.connection.sample(tables::select_sample(field)));
        value.map_err(|error| unreadable(field, error))
    }
}

/// Opens a vault over the database that a connection of diesel-async's leads to.
pub trait OpenVaultAsync {
    /// Opens the vault, as [`OpenVault::open`](crate::OpenVault::open) does, and awaits the database.
    ///
    /// # Errors
    /// [`VaultError`]: each says what to do.
    fn open_async<C: AsyncKeyStoreConnection>(
        self,
        connection: &mut C,
    ) -> impl Future<Output = Result<Vault, VaultError>> + Send;
}

impl OpenVaultAsync for VaultBuilder {
    async fn open_async<C: AsyncKeyStoreConnection>(self, connection: &mut C) -> Result<Vault, VaultError> {
        self.open_with_async(&mut AsyncDieselKeyStore::new(connection)).await
    }
}
