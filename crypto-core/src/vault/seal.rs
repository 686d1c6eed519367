//! Sealing: header, nonce, ciphertext and tag, in one allocation. It never makes a key, and no caller supplies a nonce.

use super::{Vault, aad, check_owner, keyring::FieldKeys};
use crate::{
    Class, Encode, EncodeError, Field, ValueError,
    aead::{AeadError, NONCE_MAX, TAG_LEN},
    format::value::{self, EMPTY_SLOT, Header, Slot},
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
        let keys = self.keys_of(field)?;
        check_owner(field, owner)?;
        if value.is_null() {
            return Err(ValueError::Encode { field: field.into(), source: EncodeError::Null });
        }
        let class = V::Class::CLASS;
        let new = NewValue { keys, class, slots: keys.indexes.len(), encoded_len: value.encoded_len(), owner };
        new.seal(
            |out| value.encode(out),
            |index, encoded| keys.indexes.get(index).map_or(Ok(EMPTY_SLOT), |index| index.active_slot(class, encoded)),
        )
    }
}

/// A value that is about to be sealed with the active key of its field.
pub(super) struct NewValue<'a> {
    pub(super) keys: &'a FieldKeys,
    pub(super) class: Class,
    pub(super) slots: usize,
    /// To allocate once.
    pub(super) encoded_len: usize,
    /// `None` unless the field is bound.
    pub(super) owner: Option<&'a Owner>,
}

impl NewValue<'_> {
    /// Seals what `encode` appends, with what `slot` makes of that for each slot.
    #[inline(always)]
    pub(super) fn seal(
        self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
        slot: impl Fn(usize, &[u8]) -> Result<Slot, EncodeError>,
    ) -> Result<Vec<u8>, ValueError> {
        let Self { keys, class, slots, encoded_len, owner } = self;
        let field = keys.field;
        let encode_error = |source| ValueError::Encode { field: field.into(), source };
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

        let padding = field.padding.map_or(0, |bucket| bucket as usize);
        let header_len = Header::len(slots);
        let start = header_len + algorithm.nonce_len();
        let mut out = Vec::with_capacity(start + encoded_len + padding + TAG_LEN);
        header.write(&mut out, slots);
        let mut nonce = [0; NONCE_MAX];
        let nonce = nonce.split_at_mut(algorithm.nonce_len()).0;
        random::fill(nonce).map_err(|source| ValueError::Random { field: field.into(), source })?;
        // Copied by its length: by a length that is not known, it costs a call.
        match <&[u8; 12]>::try_from(&*nonce) {
            Ok(nonce) => out.extend_from_slice(nonce),
            Err(_) => out.extend_from_slice(nonce),
        }
        encode(&mut out).map_err(encode_error)?;
        for index in 0..slots {
            let slot = slot(index, out.get(start..).unwrap_or_default()).map_err(encode_error)?;
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
