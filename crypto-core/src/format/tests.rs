//! Every malformed input has an error of its own, and what parses is put together again byte for byte.

use proptest::{array, collection::vec, prelude::*};

use super::{
    FormatError, text,
    value::{EMPTY_SLOT, FORMAT_BYTE, Header, SLOTS_MAX, SealedValue, Shape, Slot, front, has_fit_slots, slot_range},
    wrapped::WrappedKey,
};
use crate::{
    aead::{Algorithm, TAG_LEN},
    value::Class,
};

const HEADER: Header = Header {
    algorithm: Algorithm::Aes256Gcm,
    bound: false,
    padded: false,
    user_key: false,
    class: Class::Text,
    key_id: 0xC0DE_0001,
};

/// A value, put together.
fn write(header: &Header, slots: &[Slot], nonce: &[u8], sealed: &[u8]) -> Vec<u8> {
    let mut out = front(header, slots.len());
    out[Header::len(slots.len())..].copy_from_slice(nonce);
    for (index, slot) in slots.iter().enumerate() {
        out[slot_range(index)].copy_from_slice(slot);
    }
    out.extend_from_slice(sealed);
    out
}

/// The shortest value with two slots: 37 + 30 bytes.
fn value() -> Vec<u8> {
    write(&HEADER, &[[7; 15], EMPTY_SLOT], &[1; 12], &[2; TAG_LEN])
}

fn with(at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = value();
    bytes[at] = byte;
    bytes
}

fn error(bytes: &[u8]) -> FormatError {
    SealedValue::parse(bytes).unwrap_err()
}

#[test]
fn a_value_is_taken_apart() {
    let bytes = value();
    let parts = SealedValue::parse(&bytes).unwrap();
    assert_eq!(parts.header, HEADER);
    assert_eq!(parts.slots, [[7; 15], EMPTY_SLOT]);
    assert_eq!((parts.nonce, parts.sealed), (&[1; 12][..], &[2; 16][..]));
    assert_eq!(parts.header_bytes, &bytes[..39]);
}

#[test]
fn overhead_is_what_the_format_says() {
    for (algorithm, overhead) in
        [(Algorithm::Aes256Gcm, 37), (Algorithm::XChaCha20Poly1305, 49), (Algorithm::Xaes256Gcm, 49)]
    {
        for slots in 0..=SLOTS_MAX {
            assert_eq!(Header::overhead(algorithm, slots), overhead + 15 * slots);
        }
    }
}

#[test]
fn slots_stand_where_sql_looks_for_them() {
    for index in 0..SLOTS_MAX {
        let range = slot_range(index);
        assert_eq!((range.start + 1, range.len()), (4 + 15 * index, 15), "substr(col, 4 + 15i, 15)");
        assert_eq!((range.start % 3, range.start / 3 * 4 + 1), (0, 5 + 20 * index), "substr(col, 5 + 20i, 20)");
    }
}

#[test]
fn nothing_is_empty() {
    assert_eq!(error(&[]), FormatError::Empty);
    assert_eq!(WrappedKey::parse(&[]), Err(FormatError::Empty));
}

#[test]
fn another_first_byte_is_another_format() {
    let not_sealed = FormatError::NotThisFormat { expected: 0xE1, what: "sealed value" };
    for first in (0..=0xFF).filter(|first| *first != FORMAT_BYTE) {
        assert_eq!(error(&with(0, first)), not_sealed);
        assert_eq!(error(&[first]), not_sealed);
    }
    assert_eq!(WrappedKey::parse(&value()), Err(FormatError::NotThisFormat { expected: 0xE2, what: "wrapped key" }));
}

#[test]
fn a_value_cut_anywhere_says_how_long_it_should_be() {
    let bytes = value();
    for found in 1..3 {
        assert_eq!(error(&bytes[..found]), FormatError::Truncated { needed: 37, found });
    }
    for found in 3..bytes.len() {
        assert_eq!(error(&bytes[..found]), FormatError::Truncated { needed: 67, found });
    }
    let longer = write(&Header { algorithm: Algorithm::Xaes256Gcm, ..HEADER }, &[], &[1; 24], &[2; TAG_LEN]);
    assert_eq!(error(&longer[..48]), FormatError::Truncated { needed: 49, found: 48 });
    assert_eq!(error(&longer[..20]), FormatError::Truncated { needed: 49, found: 20 });
    assert!(SealedValue::parse(&longer).is_ok());
}

#[test]
fn more_than_fifteen_slots_are_refused() {
    for count in 16..=0xFF {
        assert_eq!(error(&with(1, count)), FormatError::TooManySlots(count));
    }
    assert_eq!(error(&with(1, 15)), FormatError::Truncated { needed: 37 + 15 * 15, found: 67 });
}

#[test]
fn the_reserved_byte_and_the_reserved_flag_are_refused() {
    for byte in 1..=0xFF {
        assert_eq!(error(&with(2, byte)), FormatError::ReservedByte(byte));
    }
    assert_eq!(error(&with(34, 0x18)), FormatError::ReservedFlag);
}

#[test]
fn an_empty_slot_with_a_tag_is_refused() {
    assert_eq!(error(&with(3, 0)), FormatError::EmptySlotWithTag(0));
    for at in slot_range(1).skip(1) {
        assert_eq!(error(&with(at, 1)), FormatError::EmptySlotWithTag(1));
    }
}

#[test]
fn unknown_algorithms_and_classes_are_refused() {
    for number in (0..=0xFF).filter(|number| !(1..=3).contains(number)) {
        assert_eq!(error(&with(33, number)), FormatError::UnknownAlgorithm(number));
        assert_eq!(WrappedKey::parse(&[0xE2, number]), Err(FormatError::UnknownAlgorithm(number)));
    }
    for number in [0, 11, 12, 13, 14, 15] {
        assert_eq!(error(&with(34, number << 4)), FormatError::UnknownClass(number));
    }
}

#[test]
fn key_id_0_is_refused() {
    assert_eq!(error(&write(&Header { key_id: 0, ..HEADER }, &[], &[1; 12], &[2; TAG_LEN])), FormatError::NoKeyId);
}

#[test]
fn a_wrapped_key_has_one_length() {
    for (algorithm, expected) in [(1, 62), (2, 74), (3, 74)] {
        let mut bytes = [7; 80];
        bytes[..2].copy_from_slice(&[0xE2, algorithm]);
        for found in 2..expected {
            assert_eq!(WrappedKey::parse(&bytes[..found]), Err(FormatError::Truncated { needed: expected, found }));
        }
        assert_eq!(WrappedKey::parse(&bytes[..expected]).unwrap().sealed, &[7; 48]);
        for found in expected + 1..bytes.len() {
            assert_eq!(WrappedKey::parse(&bytes[..found]), Err(FormatError::TooLong { expected, found }));
        }
    }
    assert_eq!(WrappedKey::parse(&[0xE2]), Err(FormatError::Truncated { needed: 2, found: 1 }));
}

fn headers() -> impl Strategy<Value = Header> {
    let class = (1..=10_u8).prop_map(|number| Class::from_u8(number).unwrap());
    let algorithm = (1..=3_u8).prop_map(|number| Algorithm::from_u8(number).unwrap());
    (algorithm, any::<[bool; 3]>(), class, 1..=u32::MAX).prop_map(|(algorithm, flags, class, key_id)| {
        let [bound, padded, user_key] = flags;
        Header { algorithm, bound, padded, user_key, class, key_id }
    })
}

fn slots() -> impl Strategy<Value = Vec<Slot>> {
    let tagged = (1..=u8::MAX, array::uniform14(any::<u8>())).prop_map(|(generation, tag)| {
        let mut slot = [generation; 15];
        slot[1..].copy_from_slice(&tag);
        slot
    });
    vec(prop_oneof![4 => tagged, 1 => Just(EMPTY_SLOT)], 0..=SLOTS_MAX)
}

fn values() -> impl Strategy<Value = Vec<u8>> {
    (headers(), slots(), array::uniform24(any::<u8>()), vec(any::<u8>(), TAG_LEN..80)).prop_map(
        |(header, slots, nonce, sealed)| write(&header, &slots, &nonce[..header.algorithm.nonce_len()], &sealed),
    )
}

/// What `parse` says of `bytes`, put together again.
fn again(bytes: &[u8]) -> Result<Vec<u8>, FormatError> {
    let parts = SealedValue::parse(bytes)?;
    assert_eq!(parts.header_bytes.len(), Header::len(parts.slots.len()));
    Ok(write(&parts.header, parts.slots, parts.nonce, parts.sealed))
}

proptest! {
    #[test]
    fn what_is_written_parses_to_the_same_bytes(bytes in values()) {
        prop_assert_eq!(again(&bytes), Ok(bytes));
    }

    #[test]
    fn what_parses_after_any_change_is_put_together_again(mut bytes in values(), at: usize, byte: u8) {
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(same) = again(&bytes) {
            prop_assert_eq!(same, bytes);
        }
    }

    #[test]
    fn a_value_whose_shape_is_known_is_taken_or_refused_as_any_other(mut bytes in values(), at: usize, byte: u8, len: usize) {
        let (known, at) = (bytes.clone(), at % bytes.len());
        let parts = SealedValue::parse(&known).unwrap();
        let slots = parts.slots.len();
        let shape = Shape::new(&parts.header, slots);
        prop_assert_eq!((Shape::of(&known), shape.key_id()), (Some(shape), parts.header.key_id));
        bytes[at] = byte;
        for bytes in [&bytes[..], &bytes[..len % (bytes.len() + 1)]] {
            if Shape::of(bytes) == Some(shape) {
                let whole = bytes.len() >= Header::overhead(parts.header.algorithm, slots) && has_fit_slots(bytes, slots);
                prop_assert_eq!(whole, SealedValue::parse(bytes).is_ok());
            }
        }
    }

    #[test]
    fn any_bytes_after_a_format_byte_parse_or_are_refused(mut bytes in vec(any::<u8>(), 1..400), slots in 0_u8..4) {
        bytes[0] = FORMAT_BYTE;
        for (at, byte) in [slots, 0].into_iter().enumerate().take(bytes.len() - 1) {
            bytes[at + 1] = byte;
        }
        if let Ok(same) = again(&bytes) {
            prop_assert_eq!(&same, &bytes);
        }
        bytes[0] = super::wrapped::FORMAT_BYTE;
        let _ = WrappedKey::parse(&bytes);
    }

    #[test]
    fn text_is_read_in_its_one_spelling(bytes: Vec<u8>, other in "[A-Za-z0-9_-]{0,40}") {
        prop_assert_eq!(text::decode(&text::encode(&bytes)), Ok(bytes));
        if let Ok(read) = text::decode(&other) {
            prop_assert_eq!(text::encode(&read), other);
        }
    }
}

#[test]
fn what_is_authenticated_covers_the_slots_and_never_the_ciphertext() {
    assert!(Header::authenticated(0).is_empty());
    for slots in 1..=15 {
        let authenticated = Header::authenticated(slots);
        assert_eq!(authenticated.len() % 16, 0);
        assert!(authenticated.start < slot_range(0).start && authenticated.end >= slot_range(slots - 1).end);
        assert!(authenticated.end <= Header::len(slots) + Algorithm::Aes256Gcm.nonce_len());
    }
}
