//! Keys as text: hexadecimal and base64, decoded in constant time.
//!
//! The length of a text is public, and so is the position of a character that does not belong; the characters are not.

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

use super::SourceError;
use crate::keys::Secret;

/// The characters of a key in hexadecimal.
const HEX_LENGTH: usize = 64;

/// The characters of a key in base64, its `=` included.
const BASE64_LENGTH: usize = 44;

const HEX: &str = "hexadecimal";
const BASE64: &str = "standard base64 with its `=`";

/// The command that makes a key in base64, in a file or alone.
pub(super) const MAKE_BASE64: &str = "openssl rand -base64 32";

/// Reads 64 hexadecimal characters of either case. White space around them does not count.
pub(super) fn from_hex(origin: &str, text: &str) -> Result<Secret, SourceError> {
    let text = text.trim();
    check_length(origin, text, HEX_LENGTH, HEX, "openssl rand -hex 32")?;
    let mut key = Zeroizing::new([0; 32]);
    base16ct::mixed::decode(text, &mut *key)
        .ok()
        .and_then(Secret::from_slice)
        .ok_or_else(|| bad_character(origin, text, HEX, |c| c.is_ascii_hexdigit()))
}

/// Reads 44 characters of base64: the standard alphabet, padded, without stray bits in the last character (RFC 4648,
/// section 4). White space around them does not count.
pub(super) fn from_base64(origin: &str, text: &str) -> Result<Secret, SourceError> {
    let text = text.trim();
    check_length(origin, text, BASE64_LENGTH, BASE64, MAKE_BASE64)?;
    let mut key = Zeroizing::new([0; 32]);
    Base64::decode(text, &mut *key)
        .ok()
        .and_then(Secret::from_slice)
        .ok_or_else(|| bad_character(origin, text, BASE64, |c| c.is_ascii_alphanumeric() || c == '+' || c == '/'))
}

/// The hexadecimal text of a key.
#[cfg(feature = "escrow")]
pub(super) fn to_hex(key: &Secret) -> Zeroizing<String> {
    let mut text = Zeroizing::new([0; HEX_LENGTH]);
    // 32 bytes fill 64 characters exactly.
    let text = base16ct::lower::encode_str(key.expose_bytes(), &mut *text);
    Zeroizing::new(text.unwrap_or_default().to_owned())
}

/// The base64 text of a key, with a line end, as a `.key` file holds it.
pub(super) fn to_base64_line(key: &Secret) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(BASE64_LENGTH + 1));
    let mut text = Zeroizing::new([0; BASE64_LENGTH]);
    // 32 bytes fill 44 characters exactly.
    if let Ok(text) = Base64::encode(key.expose_bytes(), &mut *text) {
        line.push_str(text);
    }
    line.push('\n');
    line
}

fn check_length(
    origin: &str,
    text: &str,
    expected: usize,
    encoding: &'static str,
    command: &'static str,
) -> Result<(), SourceError> {
    let found = text.chars().count();
    if found == expected && text.len() == expected {
        return Ok(());
    }
    if found == expected {
        return Err(bad_character(origin, text, encoding, |c| c.is_ascii()));
    }
    Err(SourceError::KeyLength { origin: origin.to_owned(), found, expected, encoding, command })
}

/// The error of the first character that does not belong: the last one if each may stand somewhere, because then it is
/// the padding or a stray bit before it.
fn bad_character(origin: &str, text: &str, encoding: &'static str, belongs: impl Fn(char) -> bool) -> SourceError {
    let count = text.chars().count();
    let position = text.chars().position(|c| !belongs(c)).map_or(count, |index| index + 1);
    SourceError::KeyCharacter { origin: origin.to_owned(), encoding, position }
}
