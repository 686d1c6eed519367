//! Sealing: header, nonce, ciphertext and tag, in one allocation. It never makes a key, and no caller supplies a nonce.

use super::{Vault, aad, check_owner};
use crate::{
    Encode, EncodeError, Field, ValueError,
    aead::{AeadError, NONCE_MAX, TAG_LEN},
    format::value::{self, Header},
    owner::Owner,
    random,
    value::{ValueClass, padding::pad},
};

impl Vault {
    /// Seals a value of a field that is bound to nothing: header, nonce, ciphertext and tag in one allocation, as long as
    /// the encoded (and padded) value and [`Header::overhead`].
    ///
    /// # Errors
    /// [`ValueError`]: the vault lacks the field, the value has no encoding (NULL has none), or the field is bound.
    #[inline]
    pub fn seal<V: Encode + ?Sized>(&self, field: &'static Field, value: &V) -> Result<Vec<u8>, ValueError> {
        self.seal_as(field, value, None)
    }

    /// Seals a value bound to its owner.
    ///
    /// # Errors
    /// As [`seal`](Self::seal), and if the field is not bound, or to another number of identifiers.
    pub fn seal_bound<V: Encode + ?Sized>(
        &self,
        field: &'static Field,
        value: &V,
        owner: &Owner,
    ) -> Result<Vec<u8>, ValueError> {
        self.seal_as(field, value, Some(owner))
    }

    fn seal_as<V: Encode + ?Sized>(
        &self,
        field: &'static Field,
        value: &V,
        owner: Option<&Owner>,
    ) -> Result<Vec<u8>, ValueError> {
        let encode_error = |source| ValueError::Encode { field: field.into(), source };
        let keys = self.keys_of(field)?;
        check_owner(field, owner)?;
        if value.is_null() {
            return Err(encode_error(EncodeError::Null));
        }
        let class = V::Class::CLASS;
        let algorithm = field.algorithm;
        let no_key = || ValueError::UnknownField { field: field.into() };
        let key = keys.active().ok_or_else(no_key)?;
        let header = Header {
            algorithm,
            bound: owner.is_some(),
            padded: field.padding.is_some(),
            user_key: false,
            class,
            key_id: key.id,
        };

        let slots = keys.indexes.len();
        let padding = field.padding.map_or(0, |bucket| bucket as usize);
        let header_len = Header::len(slots);
        let start = header_len + algorithm.nonce_len();
        let mut out = Vec::with_capacity(start + value.encoded_len() + padding + TAG_LEN);
        header.write(&mut out, slots);
        let mut nonce = [0; NONCE_MAX];
        let nonce = nonce.split_at_mut(algorithm.nonce_len()).0;
        random::fill(nonce).map_err(|source| ValueError::Random { field: field.into(), source })?;
        // Copied by its length: by a length that is not known, it costs a call.
        match <&[u8; 12]>::try_from(&*nonce) {
            Ok(nonce) => out.extend_from_slice(nonce),
            Err(_) => out.extend_from_slice(nonce),
        }
        value.encode(&mut out).map_err(encode_error)?;
        for (index, index_keys) in keys.indexes.iter().enumerate() {
            let slot = index_keys.active_slot(class, out.get(start..).unwrap_or_default()).map_err(encode_error)?;
            if let Some(place) = out.get_mut(value::slot_range(index)) {
                place.copy_from_slice(&slot);
            }
        }
        if let Some(bucket) = field.padding {
            pad(&mut out, start, bucket);
        }

        out.extend_from_slice(&[0; TAG_LEN]);
        let (front, body) = out.split_at_mut_checked(start).unwrap_or_default();
        let slot_bytes = front.get(Header::authenticated(slots)).unwrap_or_default();
        let sealed = key.with_cipher(&header, slots, |cipher| cipher.seal(nonce, &aad(slot_bytes, owner), body));
        match sealed {
            Some(Ok(())) => Ok(out),
            Some(Err(AeadError)) => {
                out.fill(0);
                Err(ValueError::TooLong { field: field.into() })
            }
            None => {
                out.fill(0);
                Err(no_key())
            }
        }
    }
}
