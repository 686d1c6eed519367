//! `bool`: one byte, 0 or 1, and no other.

use zeroize::Zeroizing;

use super::{Class, Decode, DecodeError, Encode, EncodeError, class, expect_class};

impl Encode for bool {
    type Class = class::Bool;

    fn encoded_len(&self) -> usize {
        1
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(u8::from(*self));
        Ok(())
    }
}

impl Decode for bool {
    type Class = class::Bool;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let bytes = Zeroizing::new(bytes);
        expect_class(Class::Bool, class)?;
        match bytes.as_slice() {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(DecodeError::Invalid(Class::Bool)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zero_and_one_are_truth_values() {
        assert_eq!(bool::decode(Class::Bool, vec![0]), Ok(false));
        assert_eq!(bool::decode(Class::Bool, vec![1]), Ok(true));
        for bytes in [vec![], vec![2], vec![0, 1], vec![0xFF]] {
            assert_eq!(bool::decode(Class::Bool, bytes), Err(DecodeError::Invalid(Class::Bool)));
        }
    }

    #[test]
    fn plaintext_has_no_form_for_a_truth_value() {
        assert_eq!(bool::decode_plaintext(vec![1]), Err(DecodeError::NoPlaintextForm));
    }
}
