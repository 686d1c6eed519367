//! Keys: root keys that wrap, data keys that seal, and what is derived from them.

mod context;
mod data;
mod mac;
mod root;
mod row;
mod secret;
mod state;

pub use context::{KeyContext, Purpose};
pub(crate) use context::{lp, opt};
pub use data::DataKey;
pub(crate) use mac::{HmacSha256, tag};
#[cfg(feature = "__hazmat")]
pub(crate) use mac::{expand, hmac};
pub use root::{Fingerprint, LocalRootKey, RootKey, RootKeyError, RootKeyId, RootKeys};
pub use row::{IndexSpec, KeyRow, RegistryRow, RowKind};
pub use secret::{RandomError, Secret};
pub use state::{KeyState, StateError};
