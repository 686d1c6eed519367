//! `BigDecimal` of the crate `bigdecimal`: decimal text that keeps the scale.

use ::bigdecimal::{
    BigDecimal,
    num_bigint::{BigInt, Sign},
};
use zeroize::{Zeroize, Zeroizing};

use super::decimal::Decimal;
use super::{Class, Decode, DecodeError, Encode, EncodeError, class, expect_class};

impl Encode for BigDecimal {
    type Class = class::Decimal;

    /// Up to a tenth of a percent, and about 24 bytes, too long: counting the digits exactly would mean writing them.
    fn encoded_len(&self) -> usize {
        /// 4096 · log10(2), rounded up.
        const DIGITS_PER_4096_BITS: u64 = 1234;
        let (number, scale) = self.as_bigint_and_scale();
        let digits = (number.bits() / 4096 + 1) * DIGITS_PER_4096_BITS;
        let digits = digits.min(number.bits() * DIGITS_PER_4096_BITS / 4096 + 1);
        let shape = Decimal::new(false, b"0", i128::from(scale)).written_len();
        usize::try_from(digits).unwrap_or(0).saturating_add(shape)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let (number, scale) = self.as_bigint_and_scale();
        let mut digits = number.magnitude().to_str_radix(10);
        Decimal::new(number.sign() == Sign::Minus, digits.as_bytes(), i128::from(scale)).write(out);
        digits.zeroize();
        Ok(())
    }
}

impl Decode for BigDecimal {
    type Class = class::Decimal;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let bytes = Zeroizing::new(bytes);
        expect_class(Class::Decimal, class)?;
        let number = Decimal::parse(&bytes).ok_or(DecodeError::Invalid(class))?;
        let scale = i64::try_from(number.scale()).map_err(|_| DecodeError::OutOfRange)?;
        let digits = BigInt::parse_bytes(number.digits(), 10).ok_or(DecodeError::Invalid(class))?;
        Ok(Self::new(if number.is_negative() { -digits } else { digits }, scale))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    fn encoded(number: &BigDecimal) -> String {
        let mut out = Vec::new();
        number.encode(&mut out).unwrap();
        assert!(out.len() <= number.encoded_len());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_number_keeps_its_scale() {
        for text in ["1.50", "-0.001", "0.00", "15", "-123456789012345678901234567890.1234567890"] {
            let number: BigDecimal = text.parse().unwrap();
            assert_eq!(encoded(&number), text);
            let read = BigDecimal::decode(Class::Decimal, text.into()).unwrap();
            assert_eq!(read.into_bigint_and_scale(), number.into_bigint_and_scale());
        }
    }

    #[test]
    fn no_exponent_makes_a_long_text() {
        let number = BigDecimal::new((-15).into(), i64::MIN);
        assert_eq!(encoded(&number), "-15E+9223372036854775808");
        let read = BigDecimal::decode(Class::Decimal, encoded(&number).into()).unwrap();
        assert_eq!(read.into_bigint_and_scale(), number.into_bigint_and_scale());
    }

    #[test]
    fn a_scale_beyond_the_type_is_refused() {
        let text = b"1E-9223372036854775808".to_vec();
        assert_eq!(BigDecimal::decode(Class::Decimal, text), Err(DecodeError::OutOfRange));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "1.", "1_000", "NaN"] {
            assert_eq!(BigDecimal::decode(Class::Decimal, text.into()), Err(DecodeError::Invalid(Class::Decimal)));
        }
    }
}
