//! Searching: what a value's tags are under each live generation of an index.

use std::borrow::Cow;

use super::{Vault, keyring::IndexKeys};
use crate::{Encode, Field, ValueError, format::value::Slot, value::ValueClass};

/// The keys of an index, and the value that it is asked for: its encoding, borrowed if it can be.
type Searched<'a> = (&'a IndexKeys, Cow<'a, [u8]>);

impl Vault {
    /// What a search for `value` asks of slot `index`: one slot for each live generation, the active one first. Empty
    /// for NULL, which equals nothing.
    ///
    /// # Errors
    /// [`ValueError`]: the vault lacks the field or the index, or the value cannot be searched for (NaN).
    pub fn search_slots<V: Encode + ?Sized>(
        &self,
        field: &'static Field,
        index: usize,
        value: &V,
    ) -> Result<Vec<Slot>, ValueError> {
        let mut slots = Vec::new();
        self.each_search_slot(field, index, value, |slot| slots.push(slot))?;
        Ok(slots)
    }

    /// Hands out what [`search_slots`](Self::search_slots) gives, one slot after the other, without an allocation.
    ///
    /// # Errors
    /// As [`search_slots`](Self::search_slots).
    #[inline]
    pub fn each_search_slot<V: Encode + ?Sized>(
        &self,
        field: &'static Field,
        index: usize,
        value: &V,
        mut each: impl FnMut(Slot),
    ) -> Result<(), ValueError> {
        let Some((index_keys, encoded)) = self.searched(field, index, value)? else { return Ok(()) };
        for generation in &index_keys.generations {
            let slot = generation.slot(V::Class::CLASS, &encoded);
            each(slot.map_err(|source| ValueError::Encode { field: field.into(), source })?);
        }
        Ok(())
    }

    /// The bytes that values which are equal by index `index` have in common: to filter the candidates of an index of
    /// fewer than 112 bits after opening. `None` for NULL.
    ///
    /// # Errors
    /// As [`search_slots`](Self::search_slots).
    pub fn normalized<V: Encode + ?Sized>(
        &self,
        field: &'static Field,
        index: usize,
        value: &V,
    ) -> Result<Option<Vec<u8>>, ValueError> {
        let encode_error = |source| ValueError::Encode { field: field.into(), source };
        let Some((index_keys, encoded)) = self.searched(field, index, value)? else { return Ok(None) };
        let active = index_keys.generations.first();
        let normalized = active.map(|generation| generation.normalized(V::Class::CLASS, &encoded));
        Ok(normalized.transpose().map_err(encode_error)?.map(Cow::into_owned))
    }

    /// What a search for `value` needs. `None` for NULL.
    #[inline]
    fn searched<'a, V: Encode + ?Sized>(
        &'a self,
        field: &'static Field,
        index: usize,
        value: &'a V,
    ) -> Result<Option<Searched<'a>>, ValueError> {
        self.needs_user(field)?;
        let keys = self.keys_of(field)?;
        let index_keys = keys.indexes.get(index).ok_or_else(|| ValueError::UnknownField { field: field.into() })?;
        if value.is_null() {
            return Ok(None);
        }
        if let Some(encoded) = value.as_encoded() {
            return Ok(Some((index_keys, Cow::Borrowed(encoded))));
        }
        let mut encoded = Vec::with_capacity(value.encoded_len());
        value.encode(&mut encoded).map_err(|source| ValueError::Encode { field: field.into(), source })?;
        Ok(Some((index_keys, Cow::Owned(encoded))))
    }
}
