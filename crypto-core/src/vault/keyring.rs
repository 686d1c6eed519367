//! The keys of one field, ready for use: found by id, never tried in turn.

use std::sync::OnceLock;

use crate::{
    Algorithm, Field,
    aead::Cipher,
    format::value::{EMPTY_SLOT, Slot},
    index::Generation,
    keys::{DataKey, KeyState},
    value::{Class, EncodeError},
};

/// A data key that seals values, with a cipher for each algorithm, made when it is first needed and kept.
pub(super) struct ValueKey {
    pub(super) id: u32,
    pub(super) state: KeyState,
    key: Option<DataKey>,
    ciphers: [OnceLock<Cipher>; Algorithm::ALL.len()],
}

impl ValueKey {
    /// `key` is `None` once it is destroyed.
    pub(super) fn new(id: u32, state: KeyState, key: Option<DataKey>) -> Self {
        Self { id, state, key, ciphers: [const { OnceLock::new() }; Algorithm::ALL.len()] }
    }

    /// The cipher, or `None` if the key is destroyed.
    #[inline]
    pub(super) fn cipher(&self, algorithm: Algorithm) -> Option<&Cipher> {
        let slot = self.ciphers.get(algorithm as usize - 1)?;
        match slot.get() {
            Some(cipher) => Some(cipher),
            None => self.key.as_ref().map(|key| slot.get_or_init(|| key.cipher(algorithm))),
        }
    }
}

/// The generations of one index: the active one makes tags, all of them are searched for.
pub(super) struct IndexKeys {
    /// The active generation first. Empty for an index that was removed.
    pub(super) generations: Vec<Generation>,
}

impl IndexKeys {
    pub(super) fn active_slot(&self, class: Class, encoded: &[u8]) -> Result<Slot, EncodeError> {
        self.generations.first().map_or(Ok(EMPTY_SLOT), |generation| generation.slot(class, encoded))
    }
}

/// Everything a vault knows of one field.
pub(super) struct FieldKeys {
    pub(super) field: &'static Field,
    /// The active key first.
    pub(super) keys: Vec<ValueKey>,
    pub(super) indexes: Vec<IndexKeys>,
}

impl FieldKeys {
    /// The key that seals.
    #[inline]
    pub(super) fn active(&self) -> Option<&ValueKey> {
        self.keys.first()
    }

    /// The key of this id.
    #[inline]
    pub(super) fn find(&self, id: u32) -> Option<&ValueKey> {
        self.keys.iter().find(|key| key.id == id)
    }
}
