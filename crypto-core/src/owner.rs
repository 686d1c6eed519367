//! What a bound value is bound to: the owner's or the row's immutable identifiers, which enter the AAD.

use std::fmt;

use crate::{
    keys::lp,
    value::{Class, Encode, EncodeError, ValueClass},
};

/// Identifiers in order: `count u8 ‖ (class u8 ‖ lp(encoded))*`.
///
/// Only identifiers that never change belong here: a value bound to an e-mail address is lost when the address changes.
#[derive(Clone, PartialEq, Eq)]
pub struct Owner {
    bytes: Vec<u8>,
}

impl Owner {
    /// Bound to one identifier.
    ///
    /// # Errors
    /// [`EncodeError`] if the identifier has no encoding (NULL has none).
    pub fn of<V: Encode + ?Sized>(id: &V) -> Result<Self, EncodeError> {
        Self { bytes: vec![0] }.and(id)
    }

    /// And to one more: a composite key, in the order in which the model names its columns.
    ///
    /// # Errors
    /// [`EncodeError`] if the identifier has no encoding, or there are more than 255.
    pub fn and<V: Encode + ?Sized>(self, id: &V) -> Result<Self, EncodeError> {
        if id.is_null() {
            return Err(EncodeError::Null);
        }
        let mut encoded = Vec::with_capacity(id.encoded_len());
        id.encode(&mut encoded)?;
        self.and_encoded(V::Class::CLASS, &encoded)
    }

    /// Bound to a UUID, by its 16 bytes: for tools that have no type for it.
    ///
    /// # Errors
    /// None; as [`of`](Self::of) otherwise.
    pub fn of_uuid(id: [u8; 16]) -> Result<Self, EncodeError> {
        Self { bytes: vec![0] }.and_uuid(id)
    }

    /// And to a UUID, by its 16 bytes.
    ///
    /// # Errors
    /// [`EncodeError`] if there are more than 255 identifiers.
    pub fn and_uuid(self, id: [u8; 16]) -> Result<Self, EncodeError> {
        self.and_encoded(Class::Uuid, &id)
    }

    fn and_encoded(mut self, class: Class, encoded: &[u8]) -> Result<Self, EncodeError> {
        let count = self.bytes.first_mut().and_then(|count| count.checked_add(1).map(|more| *count = more));
        count.ok_or(EncodeError::TooManyIdentifiers)?;
        self.bytes.push(class as u8);
        lp(&mut self.bytes, encoded);
        Ok(self)
    }

    /// What [`as_bytes`](Self::as_bytes) gave, if every byte has its place.
    #[cfg(feature = "users")]
    pub(crate) fn stored(bytes: &[u8]) -> Option<Self> {
        let (count, mut rest) = bytes.split_first()?;
        for _ in 0..*count {
            let (class, after) = rest.split_first()?;
            Class::from_u8(*class)?;
            let (length, after) = after.split_first_chunk()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            (_, rest) = after.split_at_checked(length)?;
        }
        (*count > 0 && rest.is_empty()).then(|| Self { bytes: bytes.to_vec() })
    }

    /// How many identifiers there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.bytes.first().copied().unwrap_or_default().into()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owner({} identifiers)", self.count())
    }
}
