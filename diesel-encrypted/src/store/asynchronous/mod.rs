//! The key store over a connection of diesel-async's.

mod connection;
pub(crate) mod on_thread;

use diesel_encrypted_core::{
    Applied, AsyncKeyStore, Change, Field, KeyError, KeyManager, KeyTask, StoreError, Stored, Vault, VaultBuilder,
    VaultError,
    keys::{KeyRow, Timestamp},
};

use super::{engine::Engine, run::Awaited};
pub use connection::AsyncKeyStoreConnection;

/// The key tables of the database behind a connection of diesel-async's.
pub struct AsyncDieselKeyStore<'c, C>(Engine<'c, C, Awaited>);

impl<C> std::fmt::Debug for AsyncDieselKeyStore<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AsyncDieselKeyStore")
    }
}

impl<'c, C: AsyncKeyStoreConnection> AsyncDieselKeyStore<'c, C> {
    /// The store behind `connection`. Touches nothing yet.
    pub fn new(connection: &'c mut C) -> Self {
        Self(Engine::new(connection))
    }
}

impl<C: AsyncKeyStoreConnection> AsyncKeyStore for AsyncDieselKeyStore<'_, C> {
    async fn check_columns(&mut self, fields: &[&'static Field]) -> Result<(), StoreError> {
        self.0.check_columns(fields).await
    }

    async fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, StoreError> {
        self.0.load(scope).await
    }

    async fn load_all(&mut self) -> Result<Stored, StoreError> {
        self.0.load_all().await
    }

    async fn now(&mut self) -> Result<Timestamp, StoreError> {
        self.0.now().await
    }

    async fn add_usage(&mut self, sealed: &[(u32, u64)]) -> Result<(), StoreError> {
        self.0.add_usage(sealed).await
    }

    async fn usage(&mut self, scope: Option<&[u8]>) -> Result<Vec<(u32, u64)>, StoreError> {
        self.0.usage(scope).await
    }

    async fn apply(&mut self, changes: &[Change]) -> Result<Applied, StoreError> {
        self.0.apply(changes).await
    }

    async fn key(&mut self, key_id: u32) -> Result<Option<KeyRow>, StoreError> {
        self.0.key(key_id).await
    }

    async fn sample(&mut self, field: &Field) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.sample(field).await
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

/// Runs what is to be done to keys over the database that a connection of diesel-async's leads to.
pub trait ManageKeysAsync {
    /// Runs a task, as [`ManageKeys::run`](crate::ManageKeys::run) does, and awaits the database.
    ///
    /// # Errors
    /// [`KeyError`]: each says what to do.
    fn run_async<T: KeyTask, C: AsyncKeyStoreConnection>(
        &self,
        task: &T,
        connection: &mut C,
    ) -> impl Future<Output = Result<T::Report, KeyError>> + Send;
}

impl ManageKeysAsync for KeyManager {
    async fn run_async<T: KeyTask, C: AsyncKeyStoreConnection>(
        &self,
        task: &T,
        connection: &mut C,
    ) -> Result<T::Report, KeyError> {
        self.run_with_async(task, &mut AsyncDieselKeyStore::new(connection)).await
    }
}

/// Refreshes a vault over the database that a connection of diesel-async's leads to.
pub trait RefreshVaultAsync {
    /// Reads the keys again, as [`RefreshVault::refresh`](crate::RefreshVault::refresh) does, and awaits the database.
    ///
    /// The thread of [`refresh_by`](VaultBuilder::refresh_by) is none of a runtime's: give it a runtime of its own, which
    /// lives as long as the closure, and let that block on this.
    ///
    /// # Errors
    /// As [`Vault::refresh_with`].
    fn refresh_async<C: AsyncKeyStoreConnection>(
        &self,
        connection: &mut C,
    ) -> impl Future<Output = Result<(), VaultError>> + Send;
}

impl RefreshVaultAsync for Vault {
    async fn refresh_async<C: AsyncKeyStoreConnection>(&self, connection: &mut C) -> Result<(), VaultError> {
        self.refresh_with_async(&mut AsyncDieselKeyStore::new(connection)).await
    }
}
