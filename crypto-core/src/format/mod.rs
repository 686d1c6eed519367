//! The storage format, byte by byte (docs/format.md): parsing and writing, and nothing that needs a key.
//!
//! It is public for tools that look at stored values without a key: an application needs none of it.
//!
//! Whatever is parsed may come from an attacker: every malformed input is an error that says where, and none panics.

mod error;
#[cfg(feature = "users")]
pub mod held;
#[cfg_attr(not(feature = "users"), allow(dead_code, reason = "accounts are counted by it where nothing makes them"))]
pub mod lock;
#[cfg(test)]
mod tests;
pub mod text;
pub mod value;
pub mod wrapped;

pub use error::FormatError;
