//! UUIDs: their sixteen bytes in network order (RFC 9562).

use ::uuid::Uuid;
use zeroize::Zeroizing;

use super::{Class, Decode, DecodeError, Encode, EncodeError, class, expect_class, fixed};

impl Encode for Uuid {
    type Class = class::Uuid;

    fn encoded_len(&self) -> usize {
        self.as_bytes().len()
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(self.as_bytes());
        Ok(())
    }
}

impl Decode for Uuid {
    type Class = class::Uuid;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let bytes = Zeroizing::new(bytes);
        expect_class(Class::Uuid, class)?;
        fixed(class, &bytes).map(Self::from_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_its_sixteen_bytes() {
        let uuid = Uuid::from_u128(0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F);
        let mut out = Vec::new();
        assert_eq!(uuid.encode(&mut out), Ok(()));
        assert_eq!(out, (0..16).collect::<Vec<u8>>());
        assert_eq!(Uuid::decode(Class::Uuid, out), Ok(uuid));
    }

    #[test]
    fn its_text_form_is_refused() {
        let text = b"00010203-0405-0607-0809-0a0b0c0d0e0f".to_vec();
        assert_eq!(Uuid::decode(Class::Uuid, text), Err(DecodeError::Invalid(Class::Uuid)));
        let refused = DecodeError::Class { expected: Class::Uuid, found: Class::Bytes };
        assert_eq!(Uuid::decode(Class::Bytes, vec![0; 16]), Err(refused));
    }
}
