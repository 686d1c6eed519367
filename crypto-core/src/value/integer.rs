//! Integers: eight bytes, big-endian, whatever the width of the Rust type, so that a number's size does not show.
//!
//! `isize` and `usize` have no encoding: what they hold depends on the platform. The signed and unsigned classes
//! convert into each other when the number is in range; a number in the range of both has the same bytes in both.

use zeroize::Zeroizing;

use super::{Class, Decode, DecodeError, Encode, EncodeError, class, fixed};

/// The bytes of an integer of either class.
const LEN: usize = 8;

/// Any integer of either class.
enum Number {
    Signed(i64),
    Unsigned(u64),
}

fn read(expected: Class, found: Class, bytes: Vec<u8>) -> Result<Number, DecodeError> {
    let bytes = Zeroizing::new(bytes);
    match found {
        Class::Signed => Ok(Number::Signed(i64::from_be_bytes(fixed::<LEN>(found, &bytes)?))),
        Class::Unsigned => Ok(Number::Unsigned(u64::from_be_bytes(fixed::<LEN>(found, &bytes)?))),
        _ => Err(DecodeError::Class { expected, found }),
    }
}

macro_rules! integers {
    ($($class:ident as $wide:ty: $($integer:ty)*;)*) => { $($(
        impl Encode for $integer {
            type Class = class::$class;

            fn encoded_len(&self) -> usize {
                LEN
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                out.extend_from_slice(&<$wide>::from(*self).to_be_bytes());
                Ok(())
            }
        }

        impl Decode for $integer {
            type Class = class::$class;

            fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
                match read(Class::$class, class, bytes)? {
                    Number::Signed(number) => number.try_into().map_err(|_| DecodeError::OutOfRange),
                    Number::Unsigned(number) => number.try_into().map_err(|_| DecodeError::OutOfRange),
                }
            }
        }
    )*)* };
}

integers! {
    Signed as i64: i8 i16 i32 i64;
    Unsigned as u64: u8 u16 u32 u64;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    fn encoded(value: &impl Encode) -> Vec<u8> {
        let mut out = Vec::new();
        value.encode(&mut out).unwrap();
        out
    }

    #[test]
    fn the_width_of_a_number_does_not_show() {
        assert_eq!(encoded(&-2_i8), [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE]);
        assert_eq!(encoded(&-2_i8), encoded(&-2_i64));
        assert_eq!(encoded(&7_u8), [0, 0, 0, 0, 0, 0, 0, 7]);
        assert_eq!(encoded(&7_u8), encoded(&7_i32));
    }

    #[test]
    fn a_column_can_change_its_width_and_sign_when_the_number_fits() {
        assert_eq!(i16::decode(Class::Signed, encoded(&-300_i64)), Ok(-300));
        assert_eq!(u32::decode(Class::Signed, encoded(&300_i64)), Ok(300));
        assert_eq!(i8::decode(Class::Unsigned, encoded(&127_u64)), Ok(127));
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused() {
        assert_eq!(i8::decode(Class::Signed, encoded(&-129_i64)), Err(DecodeError::OutOfRange));
        assert_eq!(u64::decode(Class::Signed, encoded(&-1_i64)), Err(DecodeError::OutOfRange));
        assert_eq!(i64::decode(Class::Unsigned, encoded(&u64::MAX)), Err(DecodeError::OutOfRange));
    }

    #[test]
    fn another_class_or_length_is_refused() {
        let refused = DecodeError::Class { expected: Class::Signed, found: Class::Float };
        assert_eq!(i64::decode(Class::Float, vec![0; 8]), Err(refused));
        assert_eq!(i64::decode(Class::Signed, vec![0; 4]), Err(DecodeError::Invalid(Class::Signed)));
        assert_eq!(i64::decode(Class::Unsigned, vec![0; 9]), Err(DecodeError::Invalid(Class::Unsigned)));
    }
}
