//! Vaults over the connections of [`diesel_async`].

pub use crate::store::{
    AsyncDieselKeyStore, AsyncKeyStoreConnection, ManageKeysAsync, OpenVaultAsync, RefreshVaultAsync,
};
