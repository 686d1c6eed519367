//! `Json<T>`: any serde type, as JSON text.
//!
//! Equal documents need not have equal bytes, so JSON has no blind index. No error carries serde's message, which may
//! quote the value.

use std::fmt;
use std::io::{self, Write};

use serde::{Serialize, de::DeserializeOwned};
use zeroize::{Zeroize, Zeroizing};

use super::{Class, Decode, DecodeError, Encode, EncodeError, class, expect_class};

/// The nesting that `serde_json` reads back. What is deeper is refused before it is sealed.
const DEPTH_MAX: usize = 127;

/// A serde type that is sealed as JSON text.
///
/// Sealing serialises twice, first to measure: so the plaintext is never left behind in a buffer that was outgrown.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Json<T>(pub T);

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// Shows no content.
impl<T> fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json(<redacted>)")
    }
}

impl<T: Serialize> Encode for Json<T> {
    type Class = class::Json;

    /// Exact, or 0 if the value cannot be written.
    fn encoded_len(&self) -> usize {
        let mut length = Length(0);
        serde_json::to_writer(&mut length, &self.0).map_or(0, |()| length.0)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        let written = serde_json::to_writer(&mut *out, &self.0);
        let json = out.get_mut(start..).unwrap_or_default();
        if written.is_ok() && depth(json) <= DEPTH_MAX {
            return Ok(());
        }
        json.zeroize();
        out.truncate(start);
        Err(EncodeError::Json)
    }
}

impl<T: DeserializeOwned> Decode for Json<T> {
    type Class = class::Json;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let bytes = Zeroizing::new(bytes);
        expect_class(Class::Json, class)?;
        read(&bytes)
    }

    fn decode_plaintext(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        read(&Zeroizing::new(bytes))
    }
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<Json<T>, DecodeError> {
    serde_json::from_slice(json)
        .map(Json)
        .map_err(|error| DecodeError::Json { line: error.line(), column: error.column() })
}

/// Counts what is written to it.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How deep arrays and objects nest in a valid JSON text.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use std::collections::BTreeMap;

    use super::*;

    fn encoded(value: &impl Encode) -> Vec<u8> {
        let mut out = Vec::with_capacity(value.encoded_len());
        value.encode(&mut out).unwrap();
        assert_eq!(out.len(), value.encoded_len());
        out
    }

    fn nested(depth: usize) -> Json<serde_json::Value> {
        let leaf = serde_json::Value::from("]\"[{");
        Json((0..depth).fold(leaf, |inner, _| serde_json::Value::Array(vec![inner])))
    }

    #[test]
    fn a_serde_type_is_written_as_json() {
        let chart = Json(BTreeMap::from([("weight".to_owned(), 71)]));
        let bytes = encoded(&chart);
        assert_eq!(bytes, br#"{"weight":71}"#);
        assert_eq!(Json::decode(Class::Json, bytes.clone()), Ok(chart.clone()));
        assert_eq!(Json::decode_plaintext(bytes), Ok(chart));
    }

    #[test]
    fn an_error_tells_where_and_not_what() {
        let error = Json::<u8>::decode(Class::Json, b"\n \"secret\"".to_vec()).unwrap_err();
        assert_eq!(error, DecodeError::Json { line: 2, column: 9 });
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Json("secret")), "Json(<redacted>)");
    }

    #[test]
    fn a_value_that_fails_half_way_leaves_nothing_behind() {
        let unwritable = Json(("secret", BTreeMap::from([((1, 2), 3)])));
        let mut out = b"head".to_vec();
        out.reserve(64);
        assert_eq!(unwritable.encode(&mut out), Err(EncodeError::Json));
        assert_eq!(out, b"head");
    }

    #[test]
    fn what_could_not_be_read_back_is_not_sealed() {
        let deepest = encoded(&nested(DEPTH_MAX));
        assert!(Json::<serde_json::Value>::decode(Class::Json, deepest).is_ok());
        assert_eq!(nested(DEPTH_MAX + 1).encode(&mut Vec::new()), Err(EncodeError::Json));
    }

    #[test]
    fn text_is_not_read_as_json() {
        let refused = DecodeError::Class { expected: Class::Json, found: Class::Text };
        assert_eq!(Json::<String>::decode(Class::Text, b"\"ada\"".to_vec()), Err(refused));
    }
}
