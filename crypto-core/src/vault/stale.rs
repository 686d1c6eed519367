//! Stale values: they open, and are not what would be sealed now. Their header tells, and the first byte of each slot.

use super::{
    Vault,
    keyring::{FieldKeys, IndexKeys},
    open::{not_sealed_error, refused, stored_bytes},
};
use crate::{
    Binding, Decode, Field, ValueError,
    format::value::{self, Header, SealedValue, Shape},
};

impl Vault {
    /// [`open`](Self::open), and whether the value is [stale](Self::is_stale).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    #[inline]
    pub fn load<V: Decode>(&self, field: &'static Field, stored: impl AsRef<[u8]>) -> Result<(V, bool), ValueError> {
        let value = self.open(field, stored.as_ref())?;
        Ok((value, !self.keys_of(field)?.is_current(stored.as_ref())))
    }

    /// [`open_text`](Self::open_text), and whether the value is [stale](Self::is_stale).
    ///
    /// # Errors
    /// As [`open_text`](Self::open_text).
    pub fn load_text<V: Decode>(&self, field: &'static Field, stored: &str) -> Result<(V, bool), ValueError> {
        let stored = stored_bytes(field, stored).map_err(|error| refused(field, error))?;
        self.load(field, stored)
    }

    /// Whether a value that is stored would be sealed otherwise now: under another key, by another algorithm, padded
    /// where it is not, with more indexes, or with tags of another generation. Plaintext that the field accepts is stale
    /// too. Opens nothing, and so does not tell whether the value would open.
    ///
    /// # Errors
    /// [`ValueError`] for what no vault of this field opens: not a sealed value, or of an unknown or destroyed key.
    pub fn is_stale(&self, field: &'static Field, stored: &[u8]) -> Result<bool, ValueError> {
        let key_id = match SealedValue::parse(stored) {
            Ok(parts) => parts.header.key_id,
            Err(source) => return not_sealed_error(field, source, stored).map_or(Ok(true), Err),
        };
        self.opening_key(field, key_id)?;
        Ok(!self.keys_of(field)?.is_current(stored))
    }

    /// [`is_stale`](Self::is_stale), of a value of a text column.
    ///
    /// # Errors
    /// As there.
    pub fn is_stale_text(&self, field: &'static Field, stored: &str) -> Result<bool, ValueError> {
        self.is_stale(field, &stored_bytes(field, stored)?)
    }
}

impl FieldKeys {
    /// Whether a value that opens is what would be sealed now.
    #[inline]
    fn is_current(&self, sealed: &[u8]) -> bool {
        let (Some(active), field) = (self.active(), self.field) else { return true };
        let is_outer = field.inner.is_some() && !self.user_key;
        let now = Header {
            algorithm: field.algorithm,
            bound: !is_outer && field.binding != Binding::None,
            padded: field.padding.is_some(),
            user_key: self.user_key,
            class: field.class,
            key_id: active.id,
        };
        let tagged = |(slot, index): (usize, &IndexKeys)| {
            let generation = index.generations.first().map_or(0, |generation| generation.number());
            sealed.get(value::slot_range(slot).start) == Some(&generation)
        };
        // The application's layer has as many slots as what is in it.
        let slots = if is_outer { sealed.get(1).copied().map_or(0, usize::from) } else { self.indexes.len() };
        Shape::of(sealed).is_some_and(|shape| shape.differs_by_class(Shape::new(&now, slots)))
            && self.indexes.iter().enumerate().all(tagged)
    }
}
