//! Field-level encryption for Diesel: annotate a model, write normal Diesel queries, find ciphertext in the database.
//!
//! - [`derive@Encrypted`] declares the encrypted columns of a model.
//! - [`Encrypted<T, C>`](struct@Encrypted) is a value in the clear in memory, [`Sealed<T, C>`](Sealed) one that is opened
//!   by hand.
//! - [`dsl`] searches: `.blind_eq(..)` and what goes with it, on `#[searchable]` columns.
//! - [`Vault`] holds the keys. It is opened and installed once, at start; tests and tenants enter their own.
//! - [`encryption_error`] finds our error within Diesel's.
//!
//! Comparing an encrypted value in SQL is a compile error: the same value is sealed differently each time.
//!
//! [`prelude`] has what most modules need.

mod bind;
mod column;
pub mod dsl;
mod encrypted;
mod error;
mod load;
mod owner;
pub mod prelude;
mod sealed;
pub mod sql;
pub mod sql_types;
mod store;
mod stored;

#[doc(hidden)]
pub mod __private;

pub use column::{
    Bound, DeclaredColumn, EncryptedColumn, Full, Here, NamedIndex, Of, SearchableColumn, StoredAs, Truncated, Unbound,
};
pub use diesel_encrypted_core::*;
pub use diesel_encrypted_derive::Encrypted;
pub use encrypted::Encrypted;
pub use error::{EncryptionErrorExt, encryption_error};
pub use owner::AsOwner;
pub use sealed::{Failure, OpenedAll, Sealed};
pub use store::{DieselKeyStore, KeyStoreConnection, KeyTables, OpenVault, key_tables};
