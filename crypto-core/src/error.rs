//! What can go wrong with one value. Opening a vault has errors of its own ([`VaultError`](crate::VaultError)).
//!
//! No variant carries a value, a key or a stored byte: an error may go to a log.

use crate::{DecodeError, EncodeError, Field, format::FormatError, keys::RandomError};

/// Which field an error speaks of: `users.email`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldName(&'static str);

impl From<&'static Field> for FieldName {
    fn from(field: &'static Field) -> Self {
        Self(field.id())
    }
}

impl std::fmt::Display for FieldName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// Why a value was not sealed, opened or searched for.
///
/// The first group is the application's to mend, the second the key table's, the third speaks of damaged or planted data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// No vault is installed, and none is entered.
    #[error("`{field}`: no vault: open one at start and call `install()`, or wrap this code in `vault.enter(..)`")]
    NoVault {
        /// The field.
        field: FieldName,
    },
    /// The vault was opened without this field's model.
    #[error("`{field}`: this vault was opened without its model: add `.model::<..>()` to the vault's builder")]
    UnknownField {
        /// The field.
        field: FieldName,
    },
    /// A bound value was handled without its owner, or an unbound one with an owner.
    #[error(
        "`{field}`: its values are {}: use `{}`",
        if *.bound { "bound to an owner" } else { "not bound to an owner" },
        if *.bound { "seal_bound(.., owner)` and `open_bound(owner)" } else { "seal` and `open" }
    )]
    Ownership {
        /// The field.
        field: FieldName,
        /// Whether the field's values are bound.
        bound: bool,
    },
    /// The owner has another number of identifiers than the model names.
    #[error("`{field}`: its values are bound to {expected} identifiers, and {found} were given")]
    OwnerLength {
        /// The field.
        field: FieldName,
        /// The identifiers that the model names.
        expected: usize,
        /// The identifiers that were given.
        found: usize,
    },
    /// A value of two layers was to be sealed, opened or searched for without the user's key.
    #[error(
        "`{field}`: its values have two layers, and this is the application's vault: seal, open and search within the \
         user's or the group's (`account.vault(..)?.enter(..)`)"
    )]
    UserLayer {
        /// The field.
        field: FieldName,
    },
    /// A value of two layers was to be stored or loaded without the application's key.
    #[error(
        "`{field}`: its values have two layers, and only a user's vault is entered: install the application's, or enter \
         it around the user's"
    )]
    ApplicationLayer {
        /// The field.
        field: FieldName,
    },
    /// A value that was sealed under one vault was about to be written under another.
    #[error(
        "`{field}`: this value was sealed under another vault or scope: seal it anew in this one, or write it within the \
         scope it was sealed in"
    )]
    SealedElsewhere {
        /// The field.
        field: FieldName,
    },
    /// The vault has not read its keys again for longer than its lease.
    #[error(
        "`{field}`: the keys were read too long ago, and could not be read again: nothing is sealed by keys that may be gone. \
         The log says why the vault was not refreshed"
    )]
    StaleKeys {
        /// The field.
        field: FieldName,
    },
    /// The key has sealed as many values as are safe under AES-256-GCM with random nonces.
    #[error("`{field}`: key {key_id:08x} has sealed 2^32 values, and may seal no more: create and activate another")]
    KeyExhausted {
        /// The field.
        field: FieldName,
        /// The key.
        key_id: u32,
    },
    /// The value has no encoding.
    #[error("`{field}`: {source}")]
    Encode {
        /// The field.
        field: FieldName,
        /// Why.
        source: EncodeError,
    },
    /// The value is longer than its algorithm can seal.
    #[error("`{field}`: the value is too long to be sealed")]
    TooLong {
        /// The field.
        field: FieldName,
    },
    /// The operating system gave no random bytes.
    #[error("`{field}`: {source}")]
    Random {
        /// The field.
        field: FieldName,
        /// Why.
        source: RandomError,
    },

    /// The value names a key that is not this field's and that no field of this vault knows.
    #[error(
        "`{field}`: unknown key {key_id:08x}: its row is missing from encryption_keys (restore it from a backup), or the \
         value comes from another scope or another database"
    )]
    UnknownKey {
        /// The field.
        field: FieldName,
        /// The key id that the value names.
        key_id: u32,
    },
    /// The value names a key that was destroyed.
    #[error("`{field}`: key {key_id:08x} was destroyed, and its values with it: purge them")]
    KeyDestroyed {
        /// The field.
        field: FieldName,
        /// The key id that the value names.
        key_id: u32,
    },

    /// Plaintext, or anything else that was never sealed.
    #[error(
        "`{field}`: a value is not encrypted: it was written without diesel-encrypted. Encrypt the column, or accept \
         plaintext while it is migrated with `#[encrypt(plaintext = \"accept\")]`"
    )]
    NotEncrypted {
        /// The field.
        field: FieldName,
    },
    /// It begins like a sealed value and is none.
    #[error("`{field}`: a value is malformed: {source}")]
    Malformed {
        /// The field.
        field: FieldName,
        /// Where.
        source: FormatError,
    },
    /// The value was sealed for another field.
    #[error("`{field}`: a value was sealed for the field `{found}` and stands in the wrong column")]
    OtherField {
        /// The field that was read.
        field: FieldName,
        /// The field it was sealed for.
        found: FieldName,
    },
    /// The value is sealed under a user's or a group's key and was opened with the application's, or the other way round.
    #[error(
        "`{field}`: a value is sealed under {}: open it with that key's vault",
        if *.user_key { "a user's or a group's key" } else { "the application's key" }
    )]
    OtherHolder {
        /// The field.
        field: FieldName,
        /// Whether the value is under a user's or a group's key.
        user_key: bool,
    },
    /// What is in the application's layer of a value of two is no value of a user, or has other tags than the layer.
    #[error(
        "`{field}`: a value lacks the user's layer: it was sealed with the application's key alone, or put together by \
         someone who has that"
    )]
    NoUserLayer {
        /// The field.
        field: FieldName,
    },
    /// The value does not open: altered, or moved from another owner.
    #[error(
        "`{field}`: a value under key {key_id:08x} does not open: it was altered{}",
        if *.bound { ", or belongs to another owner" } else { "" }
    )]
    Tampered {
        /// The field.
        field: FieldName,
        /// The key id that the value names.
        key_id: u32,
        /// Whether the field's values are bound to an owner.
        bound: bool,
    },
    /// It opens, and its tag is not the one that its index makes of it.
    #[error(
        "`{field}`: a value has another tag in its blind index `{index}` than the index makes of it: reindex the column, or \
         searches miss it"
    )]
    Mistagged {
        /// The field.
        field: FieldName,
        /// The index.
        index: &'static str,
    },
    /// It opens, and is no value of the model's type.
    #[error("`{field}`: a value does not fit: {source}")]
    Decode {
        /// The field.
        field: FieldName,
        /// Why.
        source: DecodeError,
    },
}
