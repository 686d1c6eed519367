//! References, boxes and `Cow`: encoded as what they point to.

use std::borrow::Cow;

use super::{Class, Decode, DecodeError, Encode, EncodeError};

macro_rules! pointers {
    ($($(#[$doc:meta])* [$($generics:tt)*] $pointer:ty => $target:ident;)*) => { $(
        $(#[$doc])*
        impl<$($generics)*> Encode for $pointer {
            type Class = $target::Class;

            #[inline]
            fn is_null(&self) -> bool {
                $target::is_null(self)
            }

            #[inline]
            fn encoded_len(&self) -> usize {
                $target::encoded_len(self)
            }

            #[inline]
            fn as_encoded(&self) -> Option<&[u8]> {
                $target::as_encoded(self)
            }

            #[inline]
            fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                $target::encode(self, out)
            }
        }
    )* };
}

pointers! {
    [T: Encode + ?Sized] &T => T;
    [T: Encode + ?Sized] Box<T> => T;
    [T: Encode + ToOwned + ?Sized] Cow<'_, T> => T;
}

/// Always owned.
impl<T: ToOwned<Owned: Decode> + ?Sized> Decode for Cow<'_, T> {
    type Class = <T::Owned as Decode>::Class;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        T::Owned::decode(class, bytes).map(Cow::Owned)
    }

    fn decode_plaintext(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        T::Owned::decode_plaintext(bytes).map(Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    fn encoded(value: &(impl Encode + ?Sized)) -> Vec<u8> {
        let mut out = Vec::with_capacity(value.encoded_len());
        value.encode(&mut out).unwrap();
        assert_eq!(out.len(), value.encoded_len());
        assert_eq!(value.as_encoded(), Some(out.as_slice()));
        out
    }

    #[test]
    fn every_way_to_hold_a_text_has_the_same_bytes() {
        assert_eq!(encoded("ada"), b"ada");
        assert_eq!(encoded(&"ada"), b"ada");
        assert_eq!(encoded(&String::from("ada")), b"ada");
        assert_eq!(encoded(&Box::<str>::from("ada")), b"ada");
        assert_eq!(encoded(&Cow::Borrowed("ada")), b"ada");
        assert_eq!(encoded(&&Cow::<[u8]>::Owned(b"ada".to_vec())), b"ada");
    }

    #[test]
    fn a_reference_to_nothing_is_still_null() {
        let (nothing, empty) = (&None::<String>, &Some(""));
        assert!(Encode::is_null(&nothing));
        assert!(Box::new(None::<i32>).is_null());
        assert!(!Encode::is_null(&empty));
    }

    #[test]
    fn a_cow_is_read_as_its_owned_form() {
        assert_eq!(Cow::<str>::decode(Class::Text, b"ada".to_vec()).unwrap(), "ada");
        assert_eq!(Cow::<[u8]>::decode_plaintext(vec![1]).unwrap(), vec![1]);
        assert_eq!(
            Cow::<str>::decode(Class::Bytes, vec![]),
            Err(DecodeError::Class { expected: Class::Text, found: Class::Bytes })
        );
    }
}
