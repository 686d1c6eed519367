//! Encodings by their class alone, for tools that know no Rust type: whether bytes are one, and what they are as the text
//! of a column without encryption.

use zeroize::Zeroizing;

use super::{Class, DecodeError, decimal::Decimal, fixed, rfc3339};
use crate::index::canonical;

/// Whether `encoded` is an encoding of `class`.
///
/// # Errors
/// [`DecodeError::Invalid`], or [`DecodeError::Json`] with the place.
pub fn check(class: Class, encoded: &[u8]) -> Result<(), DecodeError> {
    let valid = match class {
        Class::Text => str::from_utf8(encoded).is_ok(),
        Class::Bytes => true,
        Class::Bool => matches!(encoded, [0 | 1]),
        Class::Signed | Class::Unsigned | Class::Float => encoded.len() == 8,
        Class::Uuid => encoded.len() == 16,
        Class::Time => rfc3339::is_one(encoded),
        Class::Decimal => Decimal::parse(encoded).is_some(),
        Class::Json => return check_json(encoded),
    };
    if valid { Ok(()) } else { Err(DecodeError::Invalid(class)) }
}

fn check_json(encoded: &[u8]) -> Result<(), DecodeError> {
    serde_json::from_slice::<serde::de::IgnoredAny>(encoded)
        .map(drop)
        .map_err(|error| DecodeError::Json { line: error.line(), column: error.column() })
}

/// The encoding of a value that stands in a column without encryption: text and JSON as they are, bytes as they are,
/// anything else as databases write it as text (`true` or `t`, `-42`, `0.5`, a UUID with or without hyphens,
/// `2024-02-29 23:59:59.5`, `+00` or `Z` behind an instant, which is in UTC).
///
/// # Errors
/// [`DecodeError`] if it is no value of `class`.
pub fn from_plain(class: Class, plain: &[u8]) -> Result<Zeroizing<Vec<u8>>, DecodeError> {
    let invalid = DecodeError::Invalid(class);
    let encoded = match class {
        Class::Text | Class::Bytes | Class::Json => plain.to_vec(),
        Class::Bool => match plain {
            b"t" | b"true" | b"1" => vec![1],
            b"f" | b"false" | b"0" => vec![0],
            _ => return Err(invalid),
        },
        Class::Signed => parse::<i64>(plain).ok_or(invalid)?.to_be_bytes().to_vec(),
        Class::Unsigned => parse::<u64>(plain).ok_or(invalid)?.to_be_bytes().to_vec(),
        Class::Float => parse::<f64>(plain).ok_or(invalid)?.to_be_bytes().to_vec(),
        Class::Uuid => uuid(plain).ok_or(invalid)?.to_vec(),
        Class::Time => rfc3339::from_sql(plain).ok_or(invalid)?,
        Class::Decimal => {
            let mut out = Vec::with_capacity(plain.len());
            Decimal::parse(plain).ok_or(invalid)?.write(&mut out);
            out
        }
    };
    let encoded = Zeroizing::new(encoded);
    check(class, &encoded)?;
    Ok(encoded)
}

/// What [`from_plain`] reads: the value as the text, or the bytes, of a column without encryption.
///
/// # Errors
/// [`DecodeError`] if `encoded` is no encoding of `class`.
pub fn to_plain(class: Class, encoded: &[u8]) -> Result<Zeroizing<Vec<u8>>, DecodeError> {
    check(class, encoded)?;
    Ok(Zeroizing::new(match class {
        Class::Text | Class::Bytes | Class::Json | Class::Time | Class::Decimal => encoded.to_vec(),
        Class::Bool if encoded == [1] => b"true".to_vec(),
        Class::Bool => b"false".to_vec(),
        Class::Signed => i64::from_be_bytes(fixed(class, encoded)?).to_string().into_bytes(),
        Class::Unsigned => u64::from_be_bytes(fixed(class, encoded)?).to_string().into_bytes(),
        Class::Float => f64::from_be_bytes(fixed(class, encoded)?).to_string().into_bytes(),
        Class::Uuid => hyphenated(encoded),
    }))
}

/// Whether two encodings of `class` are of equal values: a decimal whatever its scale, JSON whatever its spaces and the order
/// of its members.
#[must_use]
pub fn is_same(class: Class, one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    if class == Class::Json {
        let value = |text| serde_json::from_slice::<serde_json::Value>(text).ok();
        return value(one).is_some_and(|one| value(other) == Some(one));
    }
    canonical(class, one).is_ok_and(|one| canonical(class, other).is_ok_and(|other| one == other))
}

fn parse<T: std::str::FromStr>(plain: &[u8]) -> Option<T> {
    str::from_utf8(plain).ok()?.parse().ok()
}

fn uuid(plain: &[u8]) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let hyphens = |at: usize, byte: &u8| *byte == b'-' && matches!(at, 8 | 13 | 18 | 23);
    let digits: Vec<u8> = plain.iter().enumerate().filter(|(at, byte)| !hyphens(*at, byte)).map(|(_, b)| *b).collect();
    base16ct::mixed::decode(&digits, &mut bytes).ok().filter(|found| found.len() == 16)?;
    Some(bytes)
}

fn hyphenated(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push(b'-');
        }
        let mut digits = [0; 2];
        drop(base16ct::lower::encode(&[*byte], &mut digits));
        text.extend_from_slice(&digits);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use crate::Encode;

    fn encoding(value: &impl Encode) -> Vec<u8> {
        let mut out = Vec::new();
        value.encode(&mut out).unwrap();
        out
    }

    #[test]
    fn what_databases_write_becomes_what_the_types_write() {
        for (class, plain, encoded) in [
            (Class::Text, "Ada ", encoding(&"Ada ")),
            (Class::Bytes, "Ada", b"Ada".to_vec()),
            (Class::Bool, "t", encoding(&true)),
            (Class::Bool, "0", encoding(&false)),
            (Class::Signed, "-42", encoding(&-42_i32)),
            (Class::Unsigned, "18446744073709551615", encoding(&u64::MAX)),
            (Class::Float, "0.1", encoding(&0.1_f64)),
            (Class::Uuid, "00112233-4455-6677-8899-AABBCCDDEEFF", (0..16).map(|byte| byte * 0x11).collect()),
            (Class::Uuid, "00112233445566778899aabbccddeeff", (0..16).map(|byte| byte * 0x11).collect()),
            (Class::Time, "2024-02-29", b"2024-02-29".to_vec()),
            (Class::Time, "23:59:59.5", b"23:59:59.500000000".to_vec()),
            (Class::Time, "2024-02-29 23:59:59", b"2024-02-29T23:59:59.000000000".to_vec()),
            (Class::Time, "2024-02-29 23:59:59.25+00", b"2024-02-29T23:59:59.250000000Z".to_vec()),
            (Class::Decimal, "-1.50", b"-1.50".to_vec()),
            (Class::Json, r#"{"a": 1}"#, br#"{"a": 1}"#.to_vec()),
        ] {
            let found = from_plain(class, plain.as_bytes()).unwrap();
            assert_eq!(*found, encoded, "{class} {plain}");
            let back = to_plain(class, &found).unwrap();
            assert_eq!(*from_plain(class, &back).unwrap(), encoded, "{class} {plain}");
        }
    }

    #[test]
    fn equal_values_are_the_same_however_they_are_written() {
        for (class, one, other) in [
            (Class::Text, "Ada", "Ada"),
            (Class::Decimal, "1.50", "1.5"),
            (Class::Json, r#"{"a": 1, "b": [2]}"#, r#"{"b":[2],"a":1}"#),
        ] {
            assert!(is_same(class, one.as_bytes(), other.as_bytes()), "{class}");
        }
        assert!(is_same(Class::Float, &encoding(&0.0_f64), &encoding(&-0.0_f64)));
        for (class, one, other) in [
            (Class::Text, "Ada", "ada"),
            (Class::Decimal, "1.5", "1.51"),
            (Class::Json, r#"{"a": 1}"#, r#"{"a": 2}"#),
            (Class::Json, "{", "["),
        ] {
            assert!(!is_same(class, one.as_bytes(), other.as_bytes()), "{class}");
        }
    }

    #[test]
    fn what_is_no_value_of_the_class_is_refused() {
        for (class, plain) in [
            (Class::Text, &b"\xFF"[..]),
            (Class::Bool, b"yes"),
            (Class::Signed, b"9223372036854775808"),
            (Class::Unsigned, b"-1"),
            (Class::Float, b"a"),
            (Class::Uuid, b"00112233-4455-6677-8899-AABBCCDDEE"),
            (Class::Uuid, b"0-0112233-4455-6677-8899-AABBCCDDEEFF"),
            (Class::Time, b"29.02.2024"),
            (Class::Time, b"2024-02-29 23:59:59+02"),
            (Class::Decimal, b"1,5"),
            (Class::Json, b"{'a': 1}"),
        ] {
            assert!(from_plain(class, plain).is_err(), "{class} {plain:?}");
        }
        assert_eq!(to_plain(Class::Signed, b"42"), Err(DecodeError::Invalid(Class::Signed)));
    }
}
