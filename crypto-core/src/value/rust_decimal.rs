//! `Decimal` of the crate `rust_decimal`: decimal text that keeps the scale.

use ::rust_decimal::Decimal as RustDecimal;
use zeroize::{Zeroize, Zeroizing};

use super::decimal::Decimal;
use super::{Class, Decode, DecodeError, Encode, EncodeError, class, expect_class};

/// The digits of the largest coefficient, 2^96 − 1.
const DIGITS_MAX: usize = 29;

impl Encode for RustDecimal {
    type Class = class::Decimal;

    fn encoded_len(&self) -> usize {
        let digits = self.mantissa().unsigned_abs().checked_ilog10().unwrap_or(0) + 1;
        let sign = u32::from(self.mantissa() < 0);
        let point = u32::from(self.scale() > 0);
        (sign + point + digits.max(self.scale() + 1)) as usize
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut buffer = [b'0'; DIGITS_MAX];
        let digits = write_digits(&mut buffer, self.mantissa().unsigned_abs());
        Decimal::new(self.mantissa() < 0, digits, i128::from(self.scale())).write(out);
        buffer.zeroize();
        Ok(())
    }
}

/// Refuses a number that would have to be rounded; drops only trailing zeros that do not fit.
impl Decode for RustDecimal {
    type Class = class::Decimal;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let bytes = Zeroizing::new(bytes);
        expect_class(Class::Decimal, class)?;
        let number = Decimal::parse(&bytes).ok_or(DecodeError::Invalid(class))?;
        read(&number).ok_or(DecodeError::OutOfRange)
    }
}

fn read(number: &Decimal<'_>) -> Option<RustDecimal> {
    let wanted = number.scale().clamp(0, i128::from(RustDecimal::MAX_SCALE));
    let reduced = number.reduced();
    let mut scale = reduced.scale();
    let mut coefficient = coefficient(reduced.digits())?;
    while scale < 0 {
        coefficient = coefficient.checked_mul(10)?;
        scale += 1;
    }
    let mut read = exact(coefficient, scale)?;
    while scale < wanted
        && let Some(longer) = coefficient.checked_mul(10)
        && let Some(same) = exact(longer, scale + 1)
    {
        (coefficient, scale, read) = (longer, scale + 1, same);
    }
    read.set_sign_negative(reduced.is_negative());
    Some(read)
}

fn exact(coefficient: i128, scale: i128) -> Option<RustDecimal> {
    RustDecimal::try_from_i128_with_scale(coefficient, u32::try_from(scale).ok()?).ok()
}

fn coefficient(digits: &[u8]) -> Option<i128> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Writes a number of at most 29 digits at the end of `buffer`, and returns its digits.
#[allow(clippy::cast_possible_truncation, reason = "a remainder of ten fits into a byte")]
fn write_digits(buffer: &mut [u8; DIGITS_MAX], mut number: u128) -> &[u8] {
    let mut count = 0;
    for digit in buffer.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
        count += 1;
        if number == 0 {
            break;
        }
    }
    buffer.get(DIGITS_MAX - count..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    fn encoded(number: RustDecimal) -> String {
        let mut out = Vec::new();
        number.encode(&mut out).unwrap();
        assert_eq!(out.len(), number.encoded_len());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_number_keeps_its_scale() {
        for text in
            ["1.50", "-0.001", "0.00", "0", "15", "79228162514264337593543950335", "-7.9228162514264337593543950335"]
        {
            let number: RustDecimal = text.parse().unwrap();
            assert_eq!(encoded(number), text);
            let read = RustDecimal::decode(Class::Decimal, text.into()).unwrap();
            assert_eq!(read.unpack(), number.unpack());
        }
    }

    #[test]
    fn zero_has_no_sign() {
        let mut zero = RustDecimal::new(0, 2);
        zero.set_sign_negative(true);
        assert_eq!(encoded(zero), "0.00");
    }

    #[test]
    fn zeros_that_do_not_fit_are_dropped_and_digits_are_not() {
        let long = format!("1.5{}", "0".repeat(60));
        let read = RustDecimal::decode(Class::Decimal, long.into()).unwrap();
        assert_eq!(read, RustDecimal::new(15, 1));
        assert_eq!(RustDecimal::decode(Class::Decimal, b"2E+3".to_vec()), Ok(RustDecimal::from(2000)));
        for text in ["1E-29", "79228162514264337593543950336", "1E+29", "1E-99999", "1.00000000000000000000000000001"] {
            assert_eq!(RustDecimal::decode(Class::Decimal, text.into()), Err(DecodeError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn zero_is_read_whatever_its_exponent() {
        for text in ["0E+18446744073709551616", "0E-18446744073709551616"] {
            assert_eq!(RustDecimal::decode(Class::Decimal, text.into()), Ok(RustDecimal::ZERO));
        }
    }
}
