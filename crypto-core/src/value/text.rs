//! Text: UTF-8, as it is. Nothing is normalised when a value is sealed; only a blind index normalises.

use super::{Class, Decode, DecodeError, Encode, EncodeError, class, expect_class};

impl Encode for str {
    type Class = class::Text;

    #[inline]
    fn encoded_len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self.as_bytes())
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(self.as_bytes());
        Ok(())
    }
}

impl Encode for String {
    type Class = class::Text;

    #[inline]
    fn encoded_len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self.as_bytes())
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.as_str().encode(out)
    }
}

/// Keeps the allocation of the opened value.
impl Decode for String {
    type Class = class::Text;

    #[inline]
    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        expect_class(Class::Text, class)?;
        Self::decode_plaintext(bytes)
    }

    #[inline]
    fn decode_plaintext(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        Self::from_utf8(bytes).map_err(|_| DecodeError::Invalid(Class::Text))
    }
}

impl Decode for Box<str> {
    type Class = class::Text;

    #[inline]
    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        String::decode(class, bytes).map(String::into_boxed_str)
    }

    #[inline]
    fn decode_plaintext(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        String::decode_plaintext(bytes).map(String::into_boxed_str)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn text_keeps_its_allocation() {
        let bytes = b"ada@example.org".to_vec();
        let address = bytes.as_ptr();
        let text = String::decode(Class::Text, bytes).unwrap();
        assert_eq!(text, "ada@example.org");
        assert_eq!(text.as_ptr(), address);
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        assert_eq!(String::decode(Class::Text, vec![b'a', 0xFF]), Err(DecodeError::Invalid(Class::Text)));
        assert_eq!(String::decode_plaintext(vec![0xC3]), Err(DecodeError::Invalid(Class::Text)));
    }

    #[test]
    fn bytes_are_not_read_as_text() {
        let refused = DecodeError::Class { expected: Class::Text, found: Class::Bytes };
        assert_eq!(String::decode(Class::Bytes, b"ada".to_vec()), Err(refused.clone()));
        assert_eq!(Box::<str>::decode(Class::Bytes, b"ada".to_vec()), Err(refused));
    }

    #[test]
    fn text_in_the_clear_is_read_as_it_is() {
        assert_eq!(String::decode_plaintext(b"ada".to_vec()).unwrap(), "ada");
        assert_eq!(Box::<str>::decode_plaintext(b"ada".to_vec()).unwrap().as_ref(), "ada");
    }
}
