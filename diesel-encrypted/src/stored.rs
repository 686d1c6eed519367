//! What a column holds of one value, as the database sees it: bytes, their text, or NULL.

use std::fmt;

use diesel::backend::Backend;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Binary, Text};
use diesel_encrypted_core::format::text;
use diesel_encrypted_core::{Decode, EncodeError, Field, Owner, Storage, ValueError, Vault};

/// A value as it is stored. Which variant it is follows from the column's SQL type.
#[derive(Clone)]
pub enum Stored {
    /// SQL's NULL.
    Null,
    /// The bytes of a binary column.
    Bytes(Vec<u8>),
    /// The base64url text of a text column.
    Text(String),
}

impl Stored {
    /// `sealed` as a column of this storage holds it.
    pub(crate) fn new(storage: Storage, sealed: Vec<u8>) -> Self {
        match storage {
            Storage::Binary => Self::Bytes(sealed),
            Storage::Text => Self::Text(text::encode(&sealed)),
        }
    }

    /// Opens the value, in one allocation.
    pub(crate) fn open<T: Decode>(
        &self,
        vault: &Vault,
        field: &'static Field,
        owner: Option<&Owner>,
    ) -> Result<T, ValueError> {
        match (self, owner) {
            (Self::Bytes(bytes), None) => vault.open(field, bytes.as_slice()),
            (Self::Bytes(bytes), Some(owner)) => vault.open_bound(field, bytes.as_slice(), owner),
            (Self::Text(text), None) => vault.open_text(field, text),
            (Self::Text(text), Some(owner)) => vault.open_text_bound(field, text, owner),
            (Self::Null, _) => Err(ValueError::Encode { field: field.into(), source: EncodeError::Null }),
        }
    }

    /// Whether it would be stored otherwise now. NULL would not.
    pub(crate) fn is_stale(&self, vault: &Vault, field: &'static Field) -> Result<bool, ValueError> {
        match self {
            Self::Null => Ok(false),
            Self::Bytes(bytes) => vault.is_stale(field, bytes),
            Self::Text(text) => vault.is_stale_text(field, text),
        }
    }

    /// A sealed value that is bound to nothing, sealed anew with new tags.
    pub(crate) fn resealed(&self, vault: &Vault, field: &'static Field) -> Result<Self, ValueError> {
        let sealed = match self {
            Self::Null => return Ok(Self::Null),
            Self::Bytes(bytes) => vault.reindex(field, bytes, None)?,
            Self::Text(text) => {
                let malformed = |source| ValueError::Malformed { field: field.into(), source };
                vault.reindex(field, &text::decode(text).map_err(malformed)?, None)?
            }
        };
        Ok(Self::new(field.storage(), sealed))
    }

    /// Gives Diesel the bytes by reference.
    pub(crate) fn to_binary<'b, DB>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result
    where
        DB: Backend,
        [u8]: ToSql<Binary, DB>,
    {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bytes(bytes) => bytes.as_slice().to_sql(out),
            Self::Text(_) => Err(Mismatch { found: "text", column: "binary" }.into()),
        }
    }

    /// Gives Diesel the text by reference.
    pub(crate) fn to_text<'b, DB>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result
    where
        DB: Backend,
        str: ToSql<Text, DB>,
    {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Text(text) => text.as_str().to_sql(out),
            Self::Bytes(_) => Err(Mismatch { found: "binary", column: "text" }.into()),
        }
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "NULL",
            Self::Bytes(_) | Self::Text(_) => "[sealed]",
        })
    }
}

/// A value sealed for a column of one storage was bound to a column of the other.
#[derive(Debug, thiserror::Error)]
#[error(
    "a sealed value read from a {found} column was bound to a {column} column: open it, and seal it for the column that \
     it is written to"
)]
struct Mismatch {
    found: &'static str,
    column: &'static str,
}
