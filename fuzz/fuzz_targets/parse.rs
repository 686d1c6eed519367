//! Parsing stored bytes never panics, and what parses is written by the format in exactly one way.
//!
//! The writer here is a second one, from docs/format.md, so that a mistake in the crate's own cannot hide itself.
#![no_main]

use diesel_encrypted_core::format::{text, value::SealedValue, wrapped::WrappedKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = SealedValue::parse(bytes) {
        assert_eq!(write_value(&value), bytes);
        assert_eq!(text::decode(&text::encode(bytes)).as_deref(), Ok(bytes));
    }
    if let Ok(key) = WrappedKey::parse(bytes) {
        assert_eq!([&[0xE2, key.algorithm as u8], key.nonce, key.sealed].concat(), bytes);
    }
    if let Ok(string) = std::str::from_utf8(bytes) {
        if let Ok(decoded) = text::decode(string) {
            assert_eq!(text::encode(&decoded), string);
            if let Ok(value) = SealedValue::parse(&decoded) {
                assert_eq!(write_value(&value), decoded);
            }
        }
    }
});

fn write_value(value: &SealedValue<'_>) -> Vec<u8> {
    let header = &value.header;
    let mut bytes = vec![0xE1, value.slots.len() as u8, 0];
    bytes.extend_from_slice(value.slots.as_flattened());
    bytes.push(header.algorithm as u8);
    bytes.push(
        (header.class as u8) << 4
            | u8::from(header.user_key) << 2
            | u8::from(header.padded) << 1
            | u8::from(header.bound),
    );
    bytes.extend_from_slice(&header.key_id.to_be_bytes());
    assert_eq!(bytes, value.header_bytes, "the header is authenticated as it was stored");
    bytes.extend_from_slice(value.nonce);
    bytes.extend_from_slice(value.sealed);
    assert!(matches!(value.nonce.len(), 12 | 24) && value.sealed.len() >= 16);
    bytes
}
