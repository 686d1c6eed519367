//! The form of a sealed value in a text column: base64url without padding (RFC 4648, section 5), in its one canonical
//! spelling. 3 bytes become 4 characters, so a group that starts at a multiple of 3 bytes keeps its own characters.

use base64ct::{Base64UrlUnpadded, Encoding};

use super::FormatError;

/// What the text of every sealed value begins with: the format byte, and that there are at most 15 slots.
pub const BEGINNING: &str = "4Q";

/// Whether text begins as sealed values do, intact or not: `4Q`, the number of slots, and `A`.
#[must_use]
pub fn looks_sealed(text: &str) -> bool {
    let prefix = text.get(..4).and_then(|beginning| decode(beginning).ok());
    matches!(prefix.as_deref(), Some([super::value::FORMAT_BYTE, 0..=15, 0]))
}

/// The canonical text of `bytes`: `ceil(4 · len / 3)` ASCII characters.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// The bytes of a canonical text.
///
/// # Errors
/// [`FormatError::NotBase64Url`] for padding, white space, another alphabet, an impossible length, or trailing bits that
/// are not zero.
pub fn decode(text: &str) -> Result<Vec<u8>, FormatError> {
    Base64UrlUnpadded::decode_vec(text).map_err(|_| FormatError::NotBase64Url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_one_spelling() {
        assert_eq!(encode(&[0xE1, 0, 0]), "4QAA");
        assert_eq!(decode("4QAA").unwrap(), [0xE1, 0, 0]);
        for bad in ["4QA=", "4QA", "4Q==", "4QB", " 4QAA", "4QAA\n", "4+AA", "4/AA", "A", "é"] {
            let canonical = decode(bad).is_ok_and(|bytes| encode(&bytes) == bad);
            assert_eq!(decode(bad).is_ok(), canonical, "{bad:?} is read and not canonical");
        }
        for bad in ["4QA=", "4Q==", " 4QAA", "4QAA\n", "4+AA", "4/AA", "A", "4R", "é"] {
            assert_eq!(decode(bad), Err(FormatError::NotBase64Url), "{bad:?}");
        }
    }

    #[test]
    fn damaged_sealed_text_is_told_from_other_text() {
        for slots in 0..=15 {
            assert!(looks_sealed(&(encode(&[0xE1, slots, 0]) + "===\n")));
        }
        assert!(!looks_sealed(&encode(&[0xE1, 16, 0])));
        for other in ["", "4Q", "4Qua", "Ada@example.org", "\u{1EBF}ch", "4QA\u{e9}"] {
            assert!(!looks_sealed(other), "{other:?}");
        }
    }

    #[test]
    fn slots_and_header_keep_their_own_characters() {
        let bytes: Vec<u8> = (0..60).collect();
        let text = encode(&bytes);
        assert_eq!(&text[4..24], encode(&bytes[3..18]), "slot 0");
        assert_eq!(&text[24..44], encode(&bytes[18..33]), "slot 1");
        assert_eq!(&text[44..52], encode(&bytes[33..39]), "algorithm, flags and key id");
    }
}
