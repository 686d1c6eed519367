//! The bytes that a tag is computed over: equal for equal values, different for different ones.
//!
//! Most encodings are canonical as they are. Floats and decimals are not: sealing keeps the sign of zero, the bits of a
//! NaN and the scale of a decimal, and equality knows none of these.

use std::borrow::Cow;

use crate::value::decimal::Decimal;
use crate::{Class, EncodeError};

/// The canonical bytes of an encoded value. Allocates only for a decimal and for -0.0.
///
/// # Errors
/// [`EncodeError::NotANumber`] for a NaN, which equals nothing; [`EncodeError::Invalid`] if the bytes are no encoding of
/// the class.
pub fn canonical(class: Class, encoded: &[u8]) -> Result<Cow<'_, [u8]>, EncodeError> {
    match class {
        Class::Float => float(encoded),
        Class::Decimal => {
            let number = Decimal::parse(encoded).ok_or(EncodeError::Invalid(class))?;
            Ok(Cow::Owned(number.canonical()))
        }
        _ => Ok(Cow::Borrowed(encoded)),
    }
}

fn float(encoded: &[u8]) -> Result<Cow<'_, [u8]>, EncodeError> {
    let bytes = encoded.try_into().map_err(|_| EncodeError::Invalid(Class::Float))?;
    let number = f64::from_be_bytes(bytes);
    if number.is_nan() {
        return Err(EncodeError::NotANumber);
    }
    if number == 0.0 {
        return Ok(Cow::Owned(0_f64.to_be_bytes().to_vec()));
    }
    Ok(Cow::Borrowed(encoded))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn both_zeros_are_one() {
        let zero = 0_f64.to_be_bytes();
        assert_eq!(canonical(Class::Float, &(-0_f64).to_be_bytes()).unwrap().as_ref(), zero);
        assert_eq!(canonical(Class::Float, &zero).unwrap().as_ref(), zero);
    }

    #[test]
    fn a_nan_cannot_be_searched() {
        for nan in [f64::NAN, -f64::NAN, f64::from_bits(0x7FF0_0000_0000_0001)] {
            assert_eq!(canonical(Class::Float, &nan.to_be_bytes()), Err(EncodeError::NotANumber));
        }
        assert!(canonical(Class::Float, &f64::INFINITY.to_be_bytes()).is_ok());
    }

    #[test]
    fn the_scale_of_a_decimal_does_not_count() {
        assert_eq!(canonical(Class::Decimal, b"1.50").unwrap().as_ref(), b"1.5");
        assert_eq!(canonical(Class::Decimal, b"15E-1").unwrap().as_ref(), b"1.5");
        assert_eq!(canonical(Class::Decimal, b"-0.00").unwrap().as_ref(), b"0");
    }

    #[test]
    fn an_encoding_of_another_class_is_refused() {
        assert_eq!(canonical(Class::Float, b"1.5"), Err(EncodeError::Invalid(Class::Float)));
        assert_eq!(canonical(Class::Decimal, b"one"), Err(EncodeError::Invalid(Class::Decimal)));
    }

    #[test]
    fn every_other_class_is_taken_as_it_is() {
        for class in [Class::Text, Class::Bytes, Class::Signed, Class::Unsigned, Class::Uuid, Class::Time] {
            assert!(matches!(canonical(class, b"-0.00"), Ok(Cow::Borrowed(b"-0.00"))));
        }
    }
}
