//! Bytes: themselves.

use zeroize::Zeroizing;

use super::{Class, Decode, DecodeError, Encode, EncodeError, class, expect_class, fixed};

impl Encode for [u8] {
    type Class = class::Bytes;

    #[inline]
    fn encoded_len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(self);
        Ok(())
    }
}

impl Encode for Vec<u8> {
    type Class = class::Bytes;

    #[inline]
    fn encoded_len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.as_slice().encode(out)
    }
}

impl<const N: usize> Encode for [u8; N] {
    type Class = class::Bytes;

    #[inline]
    fn encoded_len(&self) -> usize {
        N
    }

    #[inline]
    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.as_slice().encode(out)
    }
}

/// Keeps the allocation of the opened value.
impl Decode for Vec<u8> {
    type Class = class::Bytes;

    #[inline]
    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        expect_class(Class::Bytes, class)?;
        Ok(bytes)
    }

    #[inline]
    fn decode_plaintext(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        Ok(bytes)
    }
}

impl Decode for Box<[u8]> {
    type Class = class::Bytes;

    #[inline]
    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        Vec::decode(class, bytes).map(Vec::into_boxed_slice)
    }

    #[inline]
    fn decode_plaintext(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        Ok(bytes.into_boxed_slice())
    }
}

/// Refuses any other length.
impl<const N: usize> Decode for [u8; N] {
    type Class = class::Bytes;

    #[inline]
    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        expect_class(Class::Bytes, class)?;
        Self::decode_plaintext(bytes)
    }

    #[inline]
    fn decode_plaintext(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        fixed(Class::Bytes, &Zeroizing::new(bytes))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn bytes_keep_their_allocation() {
        let bytes = vec![0, 1, 0xFF];
        let address = bytes.as_ptr();
        let same = Vec::decode(Class::Bytes, bytes).unwrap();
        assert_eq!(same, [0, 1, 0xFF]);
        assert_eq!(same.as_ptr(), address);
    }

    #[test]
    fn an_array_is_read_only_from_its_own_length() {
        assert_eq!(<[u8; 3]>::decode(Class::Bytes, vec![1, 2, 3]), Ok([1, 2, 3]));
        assert_eq!(<[u8; 3]>::decode(Class::Bytes, vec![1, 2]), Err(DecodeError::Invalid(Class::Bytes)));
        assert_eq!(<[u8; 3]>::decode_plaintext(vec![0; 4]), Err(DecodeError::Invalid(Class::Bytes)));
    }

    #[test]
    fn text_is_not_read_as_bytes() {
        let refused = DecodeError::Class { expected: Class::Bytes, found: Class::Text };
        assert_eq!(Vec::decode(Class::Text, b"ada".to_vec()), Err(refused.clone()));
        assert_eq!(Box::<[u8]>::decode(Class::Text, b"ada".to_vec()), Err(refused.clone()));
        assert_eq!(<[u8; 3]>::decode(Class::Text, b"ada".to_vec()), Err(refused));
    }
}
