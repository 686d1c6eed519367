//! Keys: root keys that wrap, data keys that seal, and what is derived from them.

mod audit;
mod context;
mod data;
mod mac;
mod root;
mod row;
mod secret;
mod state;

pub use audit::{AuditRow, KeyEvent, Timestamp};
pub use context::{KeyContext, Purpose};
pub(crate) use context::{lp, opt};
pub use data::DataKey;
#[cfg(feature = "__hazmat")]
pub(crate) use mac::expand;
#[cfg(any(feature = "__hazmat", feature = "users"))]
pub(crate) use mac::hmac;
pub(crate) use mac::{HmacSha256, tag};
#[cfg(feature = "users")]
pub(crate) use mac::{extract, subkey};
pub use root::{Fingerprint, LocalRootKey, RootKey, RootKeyError, RootKeyId, RootKeys};
#[cfg(feature = "users")]
pub(crate) use row::row_mac;
pub use row::{IndexSpec, KeyRow, RegistryRow, RowKind};
pub use secret::{RandomError, Secret};
pub use state::{KeyState, StateError};
