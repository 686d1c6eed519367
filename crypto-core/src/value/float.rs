//! Floats: eight bytes, IEEE 754 binary64, big-endian, for `f32` too.
//!
//! Sealing keeps every bit: the sign of zero and the payload of a NaN. A blind index does not
//! ([`canonical`](crate::index::canonical)).

use zeroize::Zeroizing;

use super::{Class, Decode, DecodeError, Encode, EncodeError, class, expect_class, fixed};

/// The bytes of a float.
const LEN: usize = 8;
/// By how much the fraction of binary64 (52 bits) is longer than that of binary32 (23 bits).
const FRACTION_SHIFT: u32 = 29;

impl Encode for f64 {
    type Class = class::Float;

    fn encoded_len(&self) -> usize {
        LEN
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.to_bits().to_be_bytes());
        Ok(())
    }
}

impl Encode for f32 {
    type Class = class::Float;

    fn encoded_len(&self) -> usize {
        LEN
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        widen(*self).encode(out)
    }
}

impl Decode for f64 {
    type Class = class::Float;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let bytes = Zeroizing::new(bytes);
        expect_class(Class::Float, class)?;
        Ok(Self::from_bits(u64::from_be_bytes(fixed::<LEN>(class, &bytes)?)))
    }
}

/// Refuses a number that `f32` would round.
impl Decode for f32 {
    type Class = class::Float;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let wide = f64::decode(class, bytes)?;
        let narrow = narrow(wide);
        if widen(narrow).to_bits() == wide.to_bits() { Ok(narrow) } else { Err(DecodeError::OutOfRange) }
    }
}

/// The same number as binary64. A NaN is moved bit by bit: a conversion may change its payload.
fn widen(narrow: f32) -> f64 {
    if !narrow.is_nan() {
        return f64::from(narrow);
    }
    let bits = u64::from(narrow.to_bits());
    let sign = (bits >> 31) << 63;
    let fraction = (bits & 0x007F_FFFF) << FRACTION_SHIFT;
    f64::from_bits(sign | 0x7FF0_0000_0000_0000 | fraction)
}

/// The nearest number in binary32, or the NaN of the same sign and the upper part of the payload.
#[allow(clippy::cast_possible_truncation, reason = "the caller compares the result with the whole")]
fn narrow(wide: f64) -> f32 {
    if !wide.is_nan() {
        return wide as f32;
    }
    let bits = wide.to_bits();
    let sign = ((bits >> 63) as u32) << 31;
    let fraction = ((bits >> FRACTION_SHIFT) as u32) & 0x007F_FFFF;
    f32::from_bits(sign | 0x7F80_0000 | fraction)
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
    fn both_widths_have_the_same_bytes() {
        assert_eq!(encoded(&1.5_f32), [0x3F, 0xF8, 0, 0, 0, 0, 0, 0]);
        assert_eq!(encoded(&1.5_f32), encoded(&1.5_f64));
        assert_eq!(encoded(&f32::NEG_INFINITY), encoded(&f64::NEG_INFINITY));
    }

    #[test]
    fn a_number_that_would_be_rounded_is_refused() {
        for wide in [0.1_f64, 1e300, f64::MIN_POSITIVE, 16_777_217.0] {
            assert_eq!(f32::decode(Class::Float, encoded(&wide)), Err(DecodeError::OutOfRange));
        }
        assert_eq!(f32::decode(Class::Float, encoded(&0.5_f64)), Ok(0.5));
    }

    #[test]
    fn a_nan_keeps_its_bits_and_zero_its_sign() {
        for bits in [0x7FC0_0000_u32, 0xFFC0_0001, 0x7F80_0001, 0x8000_0000] {
            let value = f32::from_bits(bits);
            assert_eq!(f32::decode(Class::Float, encoded(&value)).unwrap().to_bits(), bits);
        }
        for bits in [0x7FF0_0000_0000_0001_u64, 0xFFF8_0000_0000_0002, 1 << 63] {
            let value = f64::from_bits(bits);
            assert_eq!(f64::decode(Class::Float, encoded(&value)).unwrap().to_bits(), bits);
        }
    }

    #[test]
    fn a_nan_with_a_longer_payload_than_the_type_has_is_refused() {
        let value = f64::from_bits(0x7FF8_0000_0000_0001);
        assert_eq!(f32::decode(Class::Float, encoded(&value)), Err(DecodeError::OutOfRange));
        let only_low_bits = f64::from_bits(0x7FF0_0000_0000_0001);
        assert_eq!(f32::decode(Class::Float, encoded(&only_low_bits)), Err(DecodeError::OutOfRange));
    }

    #[test]
    fn four_bytes_are_no_float() {
        assert_eq!(f64::decode(Class::Float, vec![0; 4]), Err(DecodeError::Invalid(Class::Float)));
    }
}
