//! Field-level encryption for Diesel: annotate a model, write normal Diesel queries, find ciphertext in the database.
//!
//! - [`derive@Encrypted`] declares the encrypted columns of a model.
//! - [`Encrypted<T, C>`](struct@Encrypted) is a value in the clear in memory, [`Sealed<T, C>`](Sealed) one that is opened
//!   by hand, [`Layered<T, C>`](Layered) one that needs a user's key as well.
//! - [`dsl`] searches: `.blind_eq(..)` and what goes with it, on `#[searchable]` columns.
//! - [`Vault`] holds the keys. It is opened and installed once, at start; tests and tenants enter their own.
//! - [`encryption_error`] finds our error within Diesel's.
//!
//! Comparing an encrypted value in SQL is a compile error: the same value is sealed differently each time.
//!
//! [`prelude`] has what most modules need.

#[cfg(feature = "users")]
pub mod accounts;
#[cfg(feature = "async")]
pub mod asynchronous;
mod backend;
mod bind;
mod column;
pub mod dsl;
mod embed;
mod encrypted;
mod error;
mod layered;
mod load;
pub mod maintenance;
mod owner;
pub mod prelude;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod refused;
mod sealed;
pub mod sql;
pub mod sql_types;
mod stale;
mod store;
mod stored;

#[doc(hidden)]
pub mod __private;

/// For a key store of your own, in place of [`DieselKeyStore`].
pub mod key_store {
    pub use diesel_encrypted_core::{Applied, AsyncKeyStore, Change, KeyStore, StoreError, Stored};
}

/// What is done to keys over the years: tasks that a [`KeyManager`] runs, and what they report. See `docs/keys.md`.
pub mod key_life {
    pub use diesel_encrypted_core::{
        ActivateKeys, CreateKeys, DestroyKey, Event, ForgetField, KeyError, KeyInfo, KeySelection, KeyTask, LEASE,
        ListKeys, Processes, RetireKey, Rewrap, Rewrapped, RootKeyUse, RootKeyUses, RowCount,
    };
}

pub use backend::{Dialect, KnownBackend};
pub use column::{
    Bound, DeclaredColumn, EncryptedColumn, Full, Here, Layers, NamedIndex, Of, OneLayer, PartlyTagged,
    SearchableColumn, StoredAs, Truncated, TwoLayers, Unbound, Unsettled,
};
// Root keys from where they are kept, and what a service of your own implements.
#[cfg(feature = "escrow")]
pub use diesel_encrypted_core::escrow;
pub use diesel_encrypted_core::{LocalRootKey, PassphraseKdf, RootKey, RootKeyError, RootKeyId, RootKeys, SourceError};
// The vault, opened once at start.
pub use diesel_encrypted_core::{
    Attached, KeyManager, MemoryKeyStore, StoreError, UnfitColumn, Vault, VaultBuilder, VaultError, VaultId,
};
// What a model declares, and what an application writes by hand where there is no model.
pub use diesel_encrypted_core::{
    Algorithm, Binding, Class, EncryptedModel, Field, FieldName, Index, Normalizer, Owner, Plaintext, Storage,
};
// Values, and the errors of sealing and opening them.
pub use diesel_encrypted_core::{Decode, DecodeError, Encode, EncodeError, Json, ValueError};
// Keys of users, and what opens them.
#[cfg(feature = "users")]
pub use diesel_encrypted_core::users;
// For types and tools of your own: what a key's row says, how a value is encoded and normalised, and the bytes of the
// storage format. Applications need none of it.
pub use diesel_encrypted_core::{format, index, keys, value};
#[doc = include_str!("derive.md")]
#[doc(inline)]
pub use diesel_encrypted_derive::Encrypted;
pub use encrypted::Encrypted;
pub use error::{EncryptionErrorExt, encryption_error};
pub use layered::Layered;
pub use owner::AsOwner;
pub use sealed::{Failure, OpenedAll, Sealed};
pub use stale::{AsKey, Reseal, reseal_stale};
pub use store::{
    DieselKeyStore, KeyInventory, KeyStoreConnection, KeyTables, ManageKeys, OpenVault, RefreshVault, key_tables,
};
#[cfg(feature = "async")]
pub use store::{ManageKeysAsync, OpenVaultAsync, RefreshVaultAsync};
