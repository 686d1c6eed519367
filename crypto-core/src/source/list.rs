//! Root keys in one text: a line for each, `id/base64 of 32 bytes`.

use super::{NamedKey, SourceError, assemble, choose, parse_id, text};
use crate::keys::RootKeys;

const ID: &str = "2 to 20 letters, digits or `.`, `_`, `-`, `:`";

impl RootKeys {
    /// Root keys from lines of `id/base64 of 32 bytes` (44 characters, RFC 4648 section 4), the form of `ENC_KEYS`. An id
    /// has 2 to 20 characters. White space around a line and empty lines do not count.
    ///
    /// `active` is the id of the key that wraps new data keys; it may be left out when there is one key. The others only
    /// unwrap what they once wrapped: to change the root key, add a line and make it active, and keep the old one until
    /// everything is rewrapped.
    ///
    /// ```sh
    /// echo "$(openssl rand -hex 4)/$(openssl rand -base64 32)"
    /// ```
    ///
    /// # Errors
    /// [`SourceError`], which names the line.
    pub fn from_key_list(lines: &str, active: Option<&str>) -> Result<Self, SourceError> {
        parse("the key list", lines, active)
    }
}

/// Reads the list in `origin`.
pub(super) fn parse(origin: &str, lines: &str, active: Option<&str>) -> Result<RootKeys, SourceError> {
    let mut keys: Vec<NamedKey> = Vec::new();
    for (index, line) in lines.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let place = format!("line {} of {origin}", index + 1);
        let key = parse_line(&place, line)?;
        if keys.iter().any(|other| other.id == key.id) {
            return Err(SourceError::DuplicateId { origin: place, id: key.id.to_string() });
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(SourceError::EmptyList { origin: origin.to_owned() });
    }
    let active = choose(origin, &mut keys, active)?;
    assemble(origin, active, keys)
}

/// The key is read before its id is looked at: of a line without an id, what stands before the first `/` is a piece of
/// the key.
fn parse_line(place: &str, line: &str) -> Result<NamedKey, SourceError> {
    let (id, key) = line.split_once('/').ok_or_else(|| SourceError::KeyLine { origin: place.to_owned() })?;
    let key = text::from_base64(place, key)?;
    let id = parse_id(place, id, 2..=20, ID)?;
    Ok(NamedKey { id, key })
}
