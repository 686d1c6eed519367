//! Field-level encryption for Diesel.

mod column;
mod encrypted;
mod sealed;

#[doc(hidden)]
pub mod __private;

pub use column::{
    Bound, DeclaredColumn, EncryptedColumn, Full, Here, NamedIndex, Of, SearchableColumn, StoredAs, Truncated, Unbound,
};
pub use diesel_encrypted_core::*;
pub use diesel_encrypted_derive::Encrypted;
pub use encrypted::Encrypted;
pub use sealed::Sealed;
