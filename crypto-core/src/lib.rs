//! The cryptography of diesel-encrypted: storage format, algorithms, keys, vault and blind indexes.
//!
//! This crate knows nothing of Diesel, and does no I/O beyond reading and making key files. Applications use it through
//! the crate `diesel-encrypted`, which re-exports what they need.

mod aead;
mod error;
mod field;
pub mod format;
#[cfg(feature = "__hazmat")]
#[doc(hidden)]
pub mod hazmat;
pub mod index;
mod kdf;
pub mod keys;
mod label;
mod owner;
mod random;
mod source;
#[cfg(feature = "users")]
pub mod users;
pub mod value;
mod vault;

pub use aead::Algorithm;
pub use error::{FieldName, ValueError};
pub use field::{Binding, EncryptedModel, Field, Plaintext, Storage};
pub use index::{Index, Normalizer};
pub use keys::{LocalRootKey, RootKey, RootKeyError, RootKeyId, RootKeys};
pub use owner::Owner;
#[cfg(feature = "escrow")]
pub use source::escrow;
pub use source::{PassphraseKdf, SourceError};
pub use value::{Class, Decode, DecodeError, Encode, EncodeError, Json};
pub use vault::{
    ActivateKeys, Applied, AsyncKeyStore, Attached, Change, CreateKeys, DestroyKey, Event, FieldState, ForgetField,
    IndexState, KeyError, KeyInfo, KeyManager, KeySelection, KeyStore, KeyTask, KeyView, LEASE, ListKeys,
    MemoryKeyStore, Processes, RetireKey, Rewrap, Rewrapped, RootKeyUse, RootKeyUses, RowCount, StoreError, Stored,
    UnfitColumn, Vault, VaultBuilder, VaultError, VaultId, Verified, registered_fields,
};
