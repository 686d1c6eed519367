//! The context of a key: which key it is, in bytes that its wrapping, its check value and its row are bound to.

use std::fmt;

/// Appends `lp(x)`: the length of `x` as a big-endian u32, and `x`.
///
/// A length beyond u32 cannot occur: ids are short, and sealed columns are bounded by their database far below 4 GiB.
pub(crate) fn lp(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Appends `opt(x)`: 0x00 if absent, else 0x01 ‖ `lp(x)`.
pub(crate) fn opt(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => out.push(0),
        Some(bytes) => {
            out.push(1);
            lp(out, bytes);
        }
    }
}

/// What a data key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Purpose {
    /// Seals the values of a field.
    Encrypt = 1,
    /// Makes the tags of a blind index.
    Index = 2,
    /// Authenticates the key table and the registry.
    State = 3,
    /// No key: the row that says which rows its scope has.
    Manifest = 4,
    /// Vouches for user records, and is the application's part of what needs both a user and the application.
    Users = 5,
}

impl Purpose {
    /// The purpose with this number.
    #[must_use]
    pub const fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Encrypt,
            2 => Self::Index,
            3 => Self::State,
            4 => Self::Manifest,
            5 => Self::Users,
            _ => return None,
        })
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encrypt => "encrypt",
            Self::Index => "index",
            Self::State => "state",
            Self::Manifest => "manifest",
            Self::Users => "users",
        })
    }
}

/// Which key it is: `K` of docs/format.md.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyContext {
    /// The application's name, set by the builder.
    pub application: String,
    /// The random id, never 0 and never reused.
    pub key_id: u32,
    /// What the key is for.
    pub purpose: Purpose,
    /// The order of the keys of one name, from 1. Of an index key, its generation.
    pub version: u32,
    /// The field id, or the index's domain; empty for the state key.
    pub name: String,
    /// The tenant, if there is one.
    pub scope: Option<Vec<u8>>,
}

impl KeyContext {
    /// The context of the key `key_id`: its parts are those of the same names.
    #[must_use]
    pub const fn new(
        application: String,
        key_id: u32,
        purpose: Purpose,
        version: u32,
        name: String,
        scope: Option<Vec<u8>>,
    ) -> Self {
        Self { application, key_id, purpose, version, name, scope }
    }

    /// `lp(application) ‖ key id u32 ‖ purpose u8 ‖ version u32 ‖ lp(name) ‖ opt(scope)`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        lp(&mut out, self.application.as_bytes());
        out.extend_from_slice(&self.key_id.to_be_bytes());
        out.push(self.purpose as u8);
        out.extend_from_slice(&self.version.to_be_bytes());
        lp(&mut out, self.name.as_bytes());
        opt(&mut out, self.scope.as_deref());
        out
    }
}
