//! The cryptography of diesel-encrypted: storage format, algorithms, keys, vault and blind indexes.
//!
//! This crate knows nothing of Diesel, and does no I/O beyond reading keys.

mod aead;
mod field;
pub mod index;
pub mod value;

pub use aead::Algorithm;
pub use field::{Binding, EncryptedModel, Field, Plaintext, Storage};
pub use index::{Index, Normalizer};
pub use value::{Class, Decode, DecodeError, Encode, EncodeError, Json};
