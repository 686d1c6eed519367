//! Sealing: header, nonce, ciphertext and tag, in one allocation. It never makes a key, and no caller supplies a nonce.

use super::{
    Vault,
    keyring::{FieldKeys, ValueKey},
    kind::Kind,
    usage::Usage,
};
use crate::{
    Class, Encode, EncodeError, Field, ValueError,
    aead::{AeadError, TAG_LEN},
    format::value::{self, EMPTY_SLOT, Header, Shape, Slot},
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
        self.needs_user(field)?;
        let keys = self.sealing_keys(field)?;
        self.check_owner(field, owner)?;
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
        let no_key = || ValueError::UnknownField { field: field.into() };
        let key = keys.active().ok_or_else(no_key)?;
        if key.is_exhausted() {
            return Err(ValueError::KeyExhausted { field: field.into(), key_id: key.id });
        }
        let header = Header {
            algorithm: field.algorithm,
            bound: owner.is_some(),
            padded: field.padding.is_some(),
            user_key: keys.user_key,
            class,
            key_id: key.id,
        };
        let mut spare = None;
        let kind = match key.kind(Shape::new(&header, slots)) {
            Some(kind) => kind,
            None => first_of_kind(key, header, slots, &mut spare).ok_or_else(no_key)?,
        };

        let start = kind.front.len();
        let padding = field.padding.map_or(0, |bucket| bucket as usize);
        let mut out = Vec::with_capacity(start + encoded_len + padding + TAG_LEN);
        out.extend_from_slice(&kind.front);
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
        let error = match kind.seal(&mut out, owner, random::fill) {
            Ok(Ok(())) => {
                // The nonce ends where the front does.
                if out.get(start - 1).is_some_and(|end| Usage::counts(*end)) {
                    key.sealed_many(field);
                }
                return Ok(out);
            }
            Ok(Err(AeadError)) => ValueError::TooLong { field: field.into() },
            Err(source) => ValueError::Random { field: field.into(), source },
        };
        out.fill(0);
        Err(error)
    }
}

/// A kind that is kept from now on, or put into `spare` where there is no place. `None` if the key is destroyed.
#[cold]
fn first_of_kind<'a>(key: &'a ValueKey, header: Header, slots: usize, spare: &'a mut Option<Kind>) -> Option<&'a Kind> {
    *spare = key.keep(key.new_kind(header, slots)?);
    spare.as_ref().or_else(|| key.kind(Shape::new(&header, slots)))
}
