//! Where root keys come from: variables, files, a folder, a passphrase.
//!
//! Every constructor of [`RootKeys`] here reads one source, checks it completely, and says in its error which variable
//! or path is at fault and what to do. Nothing in this module may put any part of a key or a passphrase into an error,
//! a log event or a file other than the key's own, overwrite a key that exists, or fall back to another source.
//!
//! The whole configuration of an application is [`RootKeys::from_env`]; the others are for those who keep theirs
//! elsewhere.

mod disk;
mod env;
mod error;
#[cfg(feature = "escrow")]
pub mod escrow;
mod file;
mod folder;
mod list;
mod parameters;
mod passphrase;
#[cfg(test)]
mod tests;
mod text;

pub use error::SourceError;
pub use passphrase::PassphraseKdf;

use std::ops::RangeInclusive;

use tracing::info;

use crate::keys::{Fingerprint, LocalRootKey, RootKey as _, RootKeyId, RootKeys, Secret};

/// A key of a list or a folder, not yet chosen or refused.
struct NamedKey {
    id: RootKeyId,
    key: Secret,
}

impl NamedKey {
    /// Names a key after its fingerprint, `key-` and 16 hexadecimal digits, so that another key has another id.
    fn by_fingerprint(key: Secret) -> Result<Self, SourceError> {
        let id = RootKeyId::new(format!("key-{}", Fingerprint::of(&key)))?;
        Ok(Self { id, key })
    }
}

/// The id that a variable, a line or a file name gives, if it has a permitted length.
fn parse_id(
    origin: &str,
    text: &str,
    lengths: RangeInclusive<usize>,
    expected: &'static str,
) -> Result<RootKeyId, SourceError> {
    let bad_id = || SourceError::KeyId { origin: origin.to_owned(), expected };
    if !lengths.contains(&text.len()) {
        return Err(bad_id());
    }
    RootKeyId::new(text).map_err(|_| bad_id())
}

/// Takes out the key with the id `active`, or the only one.
fn choose(origin: &str, keys: &mut Vec<NamedKey>, active: Option<&str>) -> Result<NamedKey, SourceError> {
    let index = match active {
        Some(active) => keys.iter().position(|key| key.id.as_str() == active.trim()),
        None if keys.len() == 1 => Some(0),
        None => return Err(SourceError::NoActive { origin: origin.to_owned(), ids: list_ids(keys) }),
    };
    match index {
        Some(index) => Ok(keys.remove(index)),
        None => Err(SourceError::UnknownActive { origin: origin.to_owned(), ids: list_ids(keys) }),
    }
}

fn list_ids(keys: &[NamedKey]) -> String {
    keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// Root keys of which `active` wraps new data keys. Tells the log which they are.
fn assemble(origin: &str, active: NamedKey, others: Vec<NamedKey>) -> Result<RootKeys, SourceError> {
    let mut keys = RootKeys::new(announce(origin, active, true));
    for other in others {
        keys = keys.with(announce(origin, other, false))?;
    }
    Ok(keys)
}

fn announce(origin: &str, key: NamedKey, active: bool) -> LocalRootKey {
    let key = LocalRootKey::new(key.id, key.key);
    info!(origin, id = %key.id(), fingerprint = %key.fingerprint(), active, "root key loaded");
    key
}
