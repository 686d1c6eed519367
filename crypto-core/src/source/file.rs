//! A root key alone: 64 hexadecimal characters, in a text or in a file.

use std::path::Path;

use super::{NamedKey, SourceError, assemble, disk, text};
use crate::keys::RootKeys;

impl RootKeys {
    /// A root key from 64 hexadecimal characters of either case (`openssl rand -hex 32`), the form of `ENCRYPTION_KEY`.
    ///
    /// Its id is `key-` and its fingerprint, so that another key has another id. To put it beside other keys, write it
    /// as a line of a key list under that id.
    ///
    /// # Errors
    /// [`SourceError`] if it is not a key in hexadecimal.
    pub fn from_hex(key: &str) -> Result<Self, SourceError> {
        parse("the hexadecimal key", key)
    }

    /// The same from a file, the form of `ENCRYPTION_KEY_FILE`.
    ///
    /// On Unix the file is refused if its group or others may reach it. On other systems nothing is checked.
    ///
    /// # Errors
    /// [`SourceError`], which names the path.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SourceError> {
        let path = path.as_ref();
        parse(&path.display().to_string(), &disk::read_private(path)?)
    }
}

/// Reads the key in `origin`.
pub(super) fn parse(origin: &str, key: &str) -> Result<RootKeys, SourceError> {
    let key = NamedKey::by_fingerprint(text::from_hex(origin, key)?)?;
    assemble(origin, key, Vec::new())
}
