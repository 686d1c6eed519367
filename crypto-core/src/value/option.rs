//! `Option`: the value, or SQL's NULL, which is stored as NULL and must never be sealed.
//!
//! There is no `Decode`: NULL never reaches it, since there is nothing to open.

use super::{Encode, EncodeError};

impl<T: Encode> Encode for Option<T> {
    type Class = T::Class;

    #[inline]
    fn is_null(&self) -> bool {
        self.as_ref().is_none_or(Encode::is_null)
    }

    #[inline]
    fn encoded_len(&self) -> usize {
        self.as_ref().map_or(0, Encode::encoded_len)
    }

    #[inline]
    fn as_encoded(&self) -> Option<&[u8]> {
        self.as_ref().and_then(Encode::as_encoded)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.as_ref().ok_or(EncodeError::Null)?.encode(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_never_encoded() {
        let mut out = Vec::new();
        assert!(None::<&str>.is_null());
        assert_eq!(None::<&str>.encode(&mut out), Err(EncodeError::Null));
        assert_eq!(Some(None::<i32>).encode(&mut out), Err(EncodeError::Null));
        assert!(out.is_empty());
    }

    #[test]
    fn what_is_there_is_encoded_as_it_is() {
        let mut out = Vec::new();
        assert!(!Some("").is_null());
        assert_eq!(Some("ada").encoded_len(), 3);
        assert_eq!(Some("ada").encode(&mut out), Ok(()));
        assert_eq!(out, b"ada");
    }
}
