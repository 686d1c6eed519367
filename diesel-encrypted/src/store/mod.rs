//! The key store in the application's own database: the tables `encryption_keys` and `encrypted_columns`.
//!
//! It reads and writes rows; what they mean, and whether they are authentic, the vault decides.

pub(crate) mod array;
#[cfg(feature = "async")]
pub(crate) mod asynchronous;
mod blocking;
mod catalogue;
pub(crate) mod connection;
mod engine;
pub(crate) mod failure;
mod inventory;
mod migration;
pub(crate) mod rows;
pub(crate) mod run;
pub(crate) mod statement;
pub(crate) mod tables;

#[cfg(feature = "async")]
pub use asynchronous::{
    AsyncDieselKeyStore, AsyncKeyStoreConnection, ManageKeysAsync, OpenVaultAsync, RefreshVaultAsync,
};
pub use blocking::{DieselKeyStore, ManageKeys, OpenVault, RefreshVault};
pub use connection::KeyStoreConnection;
pub use inventory::KeyInventory;
#[cfg(feature = "users")]
pub(crate) use migration::TableSet;
pub use migration::{KeyTables, key_tables};
