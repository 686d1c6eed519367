//! What maintenance asks of a vault: values by their encoding, whatever type the application has for them, and which keys
//! and generations there are.
//!
//! A value is opened, and thereby found authentic, before anything new is made of it.

use zeroize::Zeroizing;

use super::{
    Vault,
    keyring::{FieldKeys, IndexKeys},
    seal::NewValue,
};
use crate::{
    Class, Decode, DecodeError, EncodeError, Field, ValueError,
    format::value::{EMPTY_SLOT, SealedValue, Slot},
    keys::KeyState,
    owner::Owner,
    value::{self, plain},
};

/// The keys of a field, as this vault knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldState {
    /// The key that seals. `None` if this scope has none yet.
    pub active: Option<u32>,
    /// Every key of the field and its state.
    pub keys: Vec<(u32, KeyState)>,
    /// The indexes, in the order of their slots.
    pub indexes: Vec<IndexState>,
    /// Whether the keys are a user's or a group's, and not the application's.
    pub user_key: bool,
}

/// The generations of an index, as this vault knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexState {
    /// The generation that makes tags, 1 to 255. `None` for an index that was removed, or has no key yet.
    pub active: Option<u8>,
    /// Every generation that is searched for.
    pub live: Vec<u8>,
    /// The name of a normaliser of the application's own that this program does not have.
    pub unknown_normalizer: Option<String>,
}

/// What was found of a value that opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Whether it is under the active key and the field's algorithm.
    pub current: bool,
    /// Whether each index has a tag of its active generation.
    pub indexed: bool,
}

/// A value's encoding, whatever its type.
struct Raw {
    class: Class,
    encoded: Zeroizing<Vec<u8>>,
}

impl Decode for Raw {
    // Never asked: every class is taken as it is.
    type Class = value::class::Bytes;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        Ok(Self { class, encoded: Zeroizing::new(bytes) })
    }
}

impl Vault {
    /// The fields that it was opened with, those of the registry among them if it was asked for them.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.each_field().map(|keys| keys.field)
    }

    /// Which keys and generations a field has.
    ///
    /// # Errors
    /// [`ValueError::UnknownField`].
    pub fn field_state(&self, field: &'static Field) -> Result<FieldState, ValueError> {
        let keys = self.keys_of(field)?;
        Ok(FieldState {
            active: keys.active().filter(|key| key.state == KeyState::Active).map(|key| key.id),
            keys: keys.keys.iter().map(|key| (key.id, key.state)).collect(),
            indexes: keys.indexes.iter().map(IndexKeys::state).collect(),
            user_key: keys.user_key,
        })
    }

    /// Opens a value and gives its encoding.
    ///
    /// # Errors
    /// As [`open`](Self::open). Never takes what is not sealed for a value, whatever the field accepts.
    pub fn open_encoded(
        &self,
        field: &'static Field,
        sealed: &[u8],
        owner: Option<&Owner>,
    ) -> Result<Zeroizing<Vec<u8>>, ValueError> {
        Ok(self.open_raw(field, sealed, owner)?.1.encoded)
    }

    /// Seals an encoded value as [`seal`](Self::seal) would the value itself, with tags of every index.
    ///
    /// # Errors
    /// As [`seal`](Self::seal), and if `encoded` is no encoding of the field's class.
    pub fn seal_encoded(
        &self,
        field: &'static Field,
        encoded: &[u8],
        owner: Option<&Owner>,
    ) -> Result<Vec<u8>, ValueError> {
        self.check_owner(field, owner)?;
        if self.is_outer(field) {
            return self.seal_layer(field, encoded);
        }
        let (keys, class) = (self.sealing_keys(field)?, self.class_of(field));
        plain::check(class, encoded).map_err(|source| ValueError::Decode { field: field.into(), source })?;
        seal_with(keys, class, encoded, owner, keys.indexes.len(), |index, encoded| {
            keys.indexes.get(index).map_or(Ok(EMPTY_SLOT), |keys| keys.active_slot(class, encoded))
        })
    }

    /// Seals a sealed value anew with the active key and the field's algorithm. Its slots stay as they are, so that no
    /// normaliser is needed; but those of a user's or a group's vault, whose tags are made by the key that seals.
    ///
    /// # Errors
    /// As [`open_encoded`](Self::open_encoded) and [`seal`](Self::seal).
    pub fn rotate(&self, field: &'static Field, sealed: &[u8], owner: Option<&Owner>) -> Result<Vec<u8>, ValueError> {
        if self.keys_of(field)?.user_key {
            return self.reindex(field, sealed, owner);
        }
        let (parts, raw) = self.open_raw(field, sealed, owner)?;
        let copied = |index| Ok(parts.slots.get(index).copied().unwrap_or(EMPTY_SLOT));
        seal_with(self.sealing_keys(field)?, raw.class, &raw.encoded, owner, parts.slots.len(), |index, _| {
            copied(index)
        })
    }

    /// Seals a sealed value anew, with new tags of every index that the field has now.
    ///
    /// # Errors
    /// As [`rotate`](Self::rotate), and [`EncodeError::UnknownNormalizer`] if this program lacks the function of an index.
    pub fn reindex(&self, field: &'static Field, sealed: &[u8], owner: Option<&Owner>) -> Result<Vec<u8>, ValueError> {
        if self.is_outer(field) {
            // Its tags are the user's.
            return self.rotate(field, sealed, owner);
        }
        let (_, raw) = self.open_raw(field, sealed, owner)?;
        let keys = self.sealing_keys(field)?;
        seal_with(keys, raw.class, &raw.encoded, owner, keys.indexes.len(), |index, encoded| {
            keys.indexes.get(index).map_or(Ok(EMPTY_SLOT), |keys| keys.active_slot(raw.class, encoded))
        })
    }

    /// Opens a value, computes its tags anew and compares them.
    ///
    /// # Errors
    /// As [`open_encoded`](Self::open_encoded); [`ValueError::Mistagged`]; and [`EncodeError::UnknownNormalizer`].
    pub fn verify(&self, field: &'static Field, sealed: &[u8], owner: Option<&Owner>) -> Result<Verified, ValueError> {
        let (parts, raw) = self.open_raw(field, sealed, owner)?;
        let keys = self.keys_of(field)?;
        let mut indexed = true;
        for (index, index_keys) in keys.indexes.iter().enumerate() {
            let slot = parts.slots.get(index).copied().unwrap_or(EMPTY_SLOT);
            let declared = field.indexes.get(index);
            match index_keys.holds(&slot, raw.class, &raw.encoded) {
                Ok(Tagged::Current) => {}
                Ok(Tagged::Stale) => indexed = false,
                Ok(Tagged::Wrong) => {
                    let index = declared.map_or("", |index| index.name);
                    return Err(ValueError::Mistagged { field: field.into(), index });
                }
                Err(source) => return Err(ValueError::Encode { field: field.into(), source }),
            }
        }
        let current = keys.active().is_some_and(|key| key.id == parts.header.key_id)
            && parts.header.algorithm == field.algorithm
            && parts.header.padded == field.padding.is_some();
        Ok(Verified { current, indexed })
    }

    fn open_raw<'s>(
        &self,
        field: &'static Field,
        sealed: &'s [u8],
        owner: Option<&Owner>,
    ) -> Result<(SealedValue<'s>, Raw), ValueError> {
        let malformed = |source| ValueError::Malformed { field: field.into(), source };
        let parts = SealedValue::parse(sealed).map_err(malformed)?;
        let raw = match owner {
            None if self.is_outer(field) => {
                Raw { class: field.class, encoded: Zeroizing::new(self.open_layer(field, sealed)?) }
            }
            None => self.open::<Raw>(field, sealed)?,
            Some(owner) => self.open_bound::<Raw>(field, sealed, owner)?,
        };
        let integers = |class| matches!(class, Class::Signed | Class::Unsigned);
        let decode_error = |source| ValueError::Decode { field: field.into(), source };
        let expected = self.class_of(field);
        if raw.class != expected && !(integers(raw.class) && integers(expected)) {
            return Err(decode_error(DecodeError::Class { expected, found: raw.class }));
        }
        plain::check(raw.class, &raw.encoded).map_err(decode_error)?;
        Ok((parts, raw))
    }
}

pub(super) fn seal_with(
    keys: &FieldKeys,
    class: Class,
    encoded: &[u8],
    owner: Option<&Owner>,
    slots: usize,
    slot: impl Fn(usize, &[u8]) -> Result<Slot, EncodeError>,
) -> Result<Vec<u8>, ValueError> {
    let new = NewValue { keys, class, slots, encoded_len: encoded.len(), owner };
    let append = |out: &mut Vec<u8>| {
        out.extend_from_slice(encoded);
        Ok(())
    };
    new.seal(append, slot)
}

/// What a slot holds.
enum Tagged {
    /// The tag of the active generation, or nothing where nothing belongs.
    Current,
    /// The right tag of an older generation, one of a generation that is gone, or none.
    Stale,
    /// Another tag than its generation makes.
    Wrong,
}

impl IndexKeys {
    fn state(&self) -> IndexState {
        let live: Vec<u8> = self.generations.iter().map(|generation| generation.number()).collect();
        let unknown = self.generations.iter().find_map(|generation| generation.unknown_step());
        IndexState { active: live.first().copied(), live, unknown_normalizer: unknown.map(str::to_owned) }
    }

    fn holds(&self, slot: &Slot, class: Class, encoded: &[u8]) -> Result<Tagged, EncodeError> {
        let [number, ..] = slot;
        let made_by = self.generations.iter().position(|generation| generation.number() == *number);
        let Some((at, generation)) = made_by.and_then(|at| Some((at, self.generations.get(at)?))) else {
            let belongs = self.generations.is_empty() && *slot == EMPTY_SLOT;
            return Ok(if belongs { Tagged::Current } else { Tagged::Stale });
        };
        // Written by who writes the value, and authenticated with it: nobody learns from how long this takes.
        Ok(match generation.slot(class, encoded)? == *slot {
            false => Tagged::Wrong,
            true if at == 0 => Tagged::Current,
            true => Tagged::Stale,
        })
    }
}

impl FieldState {
    /// The keys whose values open and which do not seal.
    pub fn readable(&self) -> impl Iterator<Item = u32> {
        let is_readable = |state: &KeyState| *state != KeyState::Destroyed;
        self.keys.iter().filter(move |(id, state)| is_readable(state) && Some(*id) != self.active).map(|(id, _)| *id)
    }

    /// The keys that are destroyed.
    pub fn destroyed(&self) -> impl Iterator<Item = u32> {
        self.keys.iter().filter(|(_, state)| *state == KeyState::Destroyed).map(|(id, _)| *id)
    }
}
