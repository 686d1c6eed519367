//! Root keys written down: as the lines and files that the sources read, for tools that make, back up and restore them.
//!
//! Only the feature `escrow` compiles this. An existing file is never replaced, and what was written is read back.

use std::path::{Path, PathBuf};

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{NamedKey, SourceError, disk, parse_id, text};
use crate::keys::{LocalRootKey, RootKey as _, RootKeyId, Secret};

const MAKE_BY_HAND: &str = "write the key by hand, with `umask 077`";

/// A new random root key, known as `id`; without one, as `key-` and its fingerprint.
///
/// # Errors
/// [`SourceError::Random`] if the operating system has no random bytes to give.
pub fn generate(id: Option<RootKeyId>) -> Result<LocalRootKey, SourceError> {
    let key = Secret::generate()?;
    let named = match id {
        Some(id) => NamedKey { id, key },
        None => NamedKey::by_fingerprint(key)?,
    };
    Ok(LocalRootKey::new(named.id, named.key))
}

/// The 64 hexadecimal characters of a key, as `ENCRYPTION_KEY` has them.
#[must_use]
pub fn to_hex(key: &LocalRootKey) -> Zeroizing<String> {
    text::to_hex(key.expose())
}

/// `id/base64 of 32 bytes`, a line of `ENC_KEYS`, without a line end.
#[must_use]
pub fn to_line(key: &LocalRootKey) -> Zeroizing<String> {
    let key_text = text::to_base64_line(key.expose());
    Zeroizing::new([key.id().as_str(), "/", key_text.trim_end()].concat())
}

/// Reads what [`to_line`] wrote. An id may have up to 64 characters here.
///
/// # Errors
/// [`SourceError`], which names `origin` and repeats nothing of the line.
pub fn from_line(origin: &str, line: &str) -> Result<LocalRootKey, SourceError> {
    let (id, key) = line.split_once('/').ok_or_else(|| SourceError::KeyLine { origin: origin.to_owned() })?;
    let key = text::from_base64(origin, key)?;
    let id = parse_id(origin, id.trim(), 2..=64, "2 to 64 letters, digits or `.`, `_`, `-`, `:`")?;
    Ok(LocalRootKey::new(id, key))
}

/// Writes a file as `ENCRYPTION_KEY_FILE` reads it, of mode 0600.
///
/// # Errors
/// [`SourceError::Exists`] if there is one, and others that name the path.
pub fn write_file(path: &Path, key: &LocalRootKey) -> Result<(), SourceError> {
    let mut line = Zeroizing::new(String::with_capacity(65));
    line.push_str(&to_hex(key));
    line.push('\n');
    write(path, &line, key, text::from_hex)
}

/// Writes `<id>.key` into a folder as `ENCRYPTION_FIELD_KEY_PATH` names one, of mode 0600; the folder is made with mode
/// 0700 if its parent exists. Gives the path of the file.
///
/// # Errors
/// [`SourceError::Exists`] if the folder has that key, and others that name the path.
pub fn write_to_folder(folder: &Path, key: &LocalRootKey) -> Result<PathBuf, SourceError> {
    disk::private_folder(folder)?;
    let path = folder.join(format!("{}.key", key.id()));
    write(&path, &text::to_base64_line(key.expose()), key, text::from_base64)?;
    Ok(path)
}

fn write(
    path: &Path,
    line: &str,
    key: &LocalRootKey,
    parse: fn(&str, &str) -> Result<Secret, SourceError>,
) -> Result<(), SourceError> {
    if !disk::create_once(path, line, MAKE_BY_HAND)? {
        return Err(SourceError::Exists { path: path.to_owned() });
    }
    let stored = parse(&path.display().to_string(), &disk::read_private(path)?)?;
    match bool::from(stored.expose_bytes().ct_eq(key.expose().expose_bytes())) {
        true => Ok(()),
        false => Err(SourceError::ReadBack { path: path.to_owned() }),
    }
}
