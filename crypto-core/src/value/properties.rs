//! Properties that every encoding has: what goes in comes out, the length is foretold, and no bytes make it panic.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::borrow::Cow;

use proptest::prelude::*;

use super::{Class, Decode, Encode, Json, ValueClass};

fn encoded(value: &(impl Encode + ?Sized)) -> Vec<u8> {
    let mut out = b"head".to_vec();
    out.reserve_exact(value.encoded_len());
    let address = out.as_ptr();
    value.encode(&mut out).unwrap();
    assert_eq!(out.as_ptr(), address, "the length was foretold too short");
    out.split_off(b"head".len())
}

/// Encodes, decodes, and decodes whatever else has the same class.
fn round_trip<V: Encode + Decode>(value: &V) -> V {
    assert_eq!(<V as Encode>::Class::CLASS, <V as Decode>::Class::CLASS);
    V::decode(<V as Encode>::Class::CLASS, encoded(value)).unwrap()
}

macro_rules! round_trips {
    ($($name:ident: $type:ty;)*) => { proptest! { $(
        #[test]
        fn $name(value: $type) {
            prop_assert_eq!(encoded(&value).len(), value.encoded_len());
            prop_assert_eq!(round_trip(&value), value);
        }
    )* } };
}

round_trips! {
    any_string_comes_back: String;
    any_boxed_text_comes_back: Box<str>;
    any_bytes_come_back: Vec<u8>;
    any_boxed_bytes_come_back: Box<[u8]>;
    any_array_comes_back: [u8; 16];
    any_bool_comes_back: bool;
    any_i8_comes_back: i8;
    any_i16_comes_back: i16;
    any_i32_comes_back: i32;
    any_i64_comes_back: i64;
    any_u8_comes_back: u8;
    any_u16_comes_back: u16;
    any_u32_comes_back: u32;
    any_u64_comes_back: u64;
}

proptest! {
    #[test]
    fn any_cow_comes_back(text: String, bytes: Vec<u8>) {
        prop_assert_eq!(round_trip(&Cow::Borrowed(text.as_str())), text.as_str());
        prop_assert_eq!(round_trip(&Cow::Borrowed(bytes.as_slice())), bytes.as_slice());
    }

    #[test]
    fn any_float_comes_back_bit_by_bit(narrow: u32, wide: u64) {
        prop_assert_eq!(round_trip(&f32::from_bits(narrow)).to_bits(), narrow);
        prop_assert_eq!(round_trip(&f64::from_bits(wide)).to_bits(), wide);
    }

    #[test]
    fn any_json_comes_back(value in prop::collection::btree_map(any::<String>(), any::<Option<(i64, bool)>>(), 0..4)) {
        let value = Json(value);
        prop_assert_eq!(encoded(&value).len(), value.encoded_len());
        prop_assert!(round_trip(&value) == value);
    }

    #[test]
    fn integers_change_their_type_exactly_when_they_fit(signed: i64, unsigned: u64, small: i8) {
        for signed in [signed, i64::from(small)] {
            prop_assert_eq!(u64::decode(Class::Signed, encoded(&signed)).ok(), u64::try_from(signed).ok());
            prop_assert_eq!(i8::decode(Class::Signed, encoded(&signed)).ok(), i8::try_from(signed).ok());
            prop_assert_eq!(u16::decode(Class::Signed, encoded(&signed)).ok(), u16::try_from(signed).ok());
        }
        for unsigned in [unsigned, u64::from(small.unsigned_abs())] {
            prop_assert_eq!(i64::decode(Class::Unsigned, encoded(&unsigned)).ok(), i64::try_from(unsigned).ok());
            prop_assert_eq!(u8::decode(Class::Unsigned, encoded(&unsigned)).ok(), u8::try_from(unsigned).ok());
        }
    }
}

/// Decodes the bytes as `V` under every class, and as plaintext.
fn decode_all<V: Decode>(bytes: &[u8]) {
    for class in (0..16).filter_map(Class::from_u8) {
        let decoded = V::decode(class, bytes.to_vec());
        let numbers = [Class::Signed, Class::Unsigned];
        let converts = numbers.contains(&class) && numbers.contains(&V::Class::CLASS);
        assert!(decoded.is_err() || class == V::Class::CLASS || converts, "{class} was read");
    }
    let _ = V::decode_plaintext(bytes.to_vec());
}

fn decode_everything(bytes: &[u8]) {
    decode_all::<String>(bytes);
    decode_all::<Box<str>>(bytes);
    decode_all::<Vec<u8>>(bytes);
    decode_all::<Box<[u8]>>(bytes);
    decode_all::<[u8; 8]>(bytes);
    decode_all::<Cow<'_, str>>(bytes);
    decode_all::<bool>(bytes);
    decode_all::<i8>(bytes);
    decode_all::<i64>(bytes);
    decode_all::<u8>(bytes);
    decode_all::<u64>(bytes);
    decode_all::<f32>(bytes);
    decode_all::<f64>(bytes);
    decode_all::<Json<serde_json::Value>>(bytes);
    #[cfg(feature = "uuid")]
    decode_all::<::uuid::Uuid>(bytes);
    #[cfg(feature = "bigdecimal")]
    decode_all::<::bigdecimal::BigDecimal>(bytes);
    #[cfg(feature = "rust_decimal")]
    decode_all::<::rust_decimal::Decimal>(bytes);
    #[cfg(feature = "chrono")]
    {
        use ::chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
        decode_all::<NaiveDate>(bytes);
        decode_all::<NaiveTime>(bytes);
        decode_all::<NaiveDateTime>(bytes);
        decode_all::<DateTime<Utc>>(bytes);
        decode_all::<DateTime<FixedOffset>>(bytes);
    }
    #[cfg(feature = "time")]
    {
        use ::time::{Date, OffsetDateTime, PrimitiveDateTime, Time, UtcDateTime};
        decode_all::<Date>(bytes);
        decode_all::<Time>(bytes);
        decode_all::<PrimitiveDateTime>(bytes);
        decode_all::<OffsetDateTime>(bytes);
        decode_all::<UtcDateTime>(bytes);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_decoding_panic_or_pass_for_another_class(bytes: Vec<u8>) {
        decode_everything(&bytes);
    }

    #[test]
    fn no_text_that_looks_like_a_value_makes_decoding_panic(text in "[-+0-9TZ:.eE{}\\[\\]\"\\\\]{0,40}") {
        decode_everything(text.as_bytes());
    }

    #[test]
    fn no_text_shaped_like_a_moment_makes_decoding_panic(
        text in "[0-9]{4}-[0-1][0-9]-[0-3][0-9](T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{9}Z?)?"
    ) {
        decode_everything(text.as_bytes());
    }
}

#[cfg(feature = "uuid")]
proptest! {
    #[test]
    fn any_uuid_comes_back(value: u128) {
        let uuid = ::uuid::Uuid::from_u128(value);
        prop_assert_eq!(encoded(&uuid).len(), 16);
        prop_assert_eq!(round_trip(&uuid), uuid);
    }
}

#[cfg(feature = "rust_decimal")]
proptest! {
    #[test]
    fn any_rust_decimal_comes_back_with_its_scale(coefficient in -(1_i128 << 96) + 1..1_i128 << 96, scale in 0_u32..=28) {
        let number = ::rust_decimal::Decimal::from_i128_with_scale(coefficient, scale);
        prop_assert_eq!(encoded(&number).len(), number.encoded_len());
        prop_assert_eq!(round_trip(&number).unpack(), number.unpack());
    }
}

#[cfg(feature = "bigdecimal")]
proptest! {
    #[test]
    fn any_big_decimal_comes_back_with_its_scale(digits in "-?[0-9]{1,90}", near in -80_i64..80, far: i64) {
        for scale in [near, far] {
            let number = ::bigdecimal::BigDecimal::new(digits.parse().unwrap(), scale);
            prop_assert_eq!(round_trip(&number).into_bigint_and_scale(), number.into_bigint_and_scale());
        }
    }
}

/// The seconds from 0000-01-01 to the end of 9999.
#[cfg(any(feature = "chrono", feature = "time"))]
const SECONDS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;

#[cfg(feature = "chrono")]
proptest! {
    #[test]
    fn any_chrono_moment_comes_back(seconds in SECONDS, nanosecond in 0_u32..1_000_000_000, offset in -86_399..86_400) {
        use ::chrono::{DateTime, FixedOffset};
        let instant = DateTime::from_timestamp(seconds, nanosecond).unwrap();
        let there = instant.with_timezone(&FixedOffset::east_opt(offset).unwrap());
        let local = instant.naive_utc();
        prop_assert_eq!(encoded(&instant).len(), instant.encoded_len());
        prop_assert_eq!(encoded(&there), encoded(&instant));
        prop_assert_eq!(round_trip(&instant), instant);
        prop_assert_eq!(round_trip(&there), there);
        prop_assert_eq!(round_trip(&local), local);
        prop_assert_eq!(round_trip(&local.date()), local.date());
        prop_assert_eq!(round_trip(&local.time()), local.time());
    }
}

#[cfg(feature = "time")]
proptest! {
    #[test]
    fn any_moment_of_the_crate_time_comes_back(
        seconds in SECONDS, nanosecond in 0_i64..1_000_000_000, offset in -86_399..86_400
    ) {
        use ::time::{Duration, OffsetDateTime, PrimitiveDateTime, UtcOffset};
        let instant = OffsetDateTime::from_unix_timestamp(seconds).unwrap() + Duration::nanoseconds(nanosecond);
        let there = instant.checked_to_offset(UtcOffset::from_whole_seconds(offset).unwrap());
        let local = PrimitiveDateTime::new(instant.date(), instant.time());
        prop_assert_eq!(there.map(|there| encoded(&there)), there.map(|_| encoded(&instant)));
        prop_assert_eq!(round_trip(&instant), instant);
        prop_assert_eq!(round_trip(&instant.to_utc()), instant.to_utc());
        prop_assert_eq!(round_trip(&local), local);
        prop_assert_eq!(round_trip(&local.date()), local.date());
        prop_assert_eq!(round_trip(&local.time()), local.time());
    }
}

#[cfg(all(feature = "chrono", feature = "time"))]
proptest! {
    #[test]
    fn both_crates_write_the_same_moment_with_the_same_bytes(seconds in SECONDS, nanosecond in 0_u32..1_000_000_000) {
        let chrono = ::chrono::DateTime::from_timestamp(seconds, nanosecond).unwrap();
        let time = ::time::OffsetDateTime::from_unix_timestamp(seconds).unwrap()
            + ::time::Duration::nanoseconds(i64::from(nanosecond));
        let chrono_local = chrono.naive_utc();
        prop_assert_eq!(encoded(&chrono), encoded(&time));
        prop_assert_eq!(encoded(&chrono_local), encoded(&::time::PrimitiveDateTime::new(time.date(), time.time())));
        prop_assert_eq!(encoded(&chrono_local.date()), encoded(&time.date()));
        prop_assert_eq!(encoded(&chrono_local.time()), encoded(&time.time()));
    }
}
