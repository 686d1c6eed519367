//! What a program that stores encrypted values imports besides Diesel's prelude:
//!
//! ```
//! use diesel::prelude::*;
//! use diesel_encrypted::prelude::*;
//! ```

#[cfg(feature = "async")]
pub use crate::OpenVaultAsync;
pub use crate::dsl::BlindIndexExpressionMethods;
pub use crate::{Encrypted, EncryptionErrorExt, Layered, OpenVault, Reseal, RootKeys, Sealed, Vault};
