//! The keys of one field, ready for use: found by id, never tried in turn.

use std::sync::OnceLock;

use crate::{
    Algorithm, Field,
    aead::{AeadError, Cipher},
    format::value::{EMPTY_SLOT, Header, Slot},
    index::Generation,
    keys::{DataKey, KeyState},
    value::{Class, EncodeError},
};

/// The kinds of headers that a key keeps ciphers for: those that its field's values have had in turn.
const KEPT: usize = 16;

/// A header without its slots.
type Shape = [u8; 9];

/// A data key that seals values, with a cipher for each kind of header, made when it is first needed and kept.
pub(super) struct ValueKey {
    pub(super) id: u32,
    pub(super) state: KeyState,
    key: Option<DataKey>,
    /// In the order in which they were first needed.
    ciphers: [OnceLock<(Shape, Cipher)>; KEPT],
}

impl ValueKey {
    /// `key` is `None` once it is destroyed.
    pub(super) fn new(id: u32, state: KeyState, key: Option<DataKey>) -> Self {
        Self { id, state, key, ciphers: [const { OnceLock::new() }; KEPT] }
    }

    /// Whether it still has its bytes.
    pub(super) fn is_there(&self) -> bool {
        self.key.is_some()
    }

    /// How many kinds of headers have a cipher.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.ciphers.iter().filter(|place| place.get().is_some()).count()
    }

    /// Works with the cipher for values with this header. It is kept if the work succeeds: a header that someone made up
    /// opens nothing and takes no place. `None` if the key is destroyed.
    #[inline(always)]
    pub(super) fn with_cipher<R>(
        &self,
        header: &Header,
        slots: usize,
        work: impl FnOnce(&Cipher) -> Result<R, AeadError>,
    ) -> Option<Result<R, AeadError>> {
        let shape = header.without_slots(slots);
        for kept in &self.ciphers {
            match kept.get() {
                Some((known, cipher)) if *known == shape => return Some(work(cipher)),
                Some(_) => {}
                None => break,
            }
        }
        self.with_new_cipher(header.algorithm, shape, work)
    }

    #[cold]
    fn with_new_cipher<R>(
        &self,
        algorithm: Algorithm,
        shape: Shape,
        work: impl FnOnce(&Cipher) -> Result<R, AeadError>,
    ) -> Option<Result<R, AeadError>> {
        let cipher = self.key.as_ref()?.cipher(algorithm, &shape);
        let done = work(&cipher);
        if done.is_ok() {
            // Where all places are taken, or another thread was first, this one was for once.
            let mut new = (shape, cipher);
            for place in &self.ciphers {
                match place.set(new) {
                    Ok(()) => break,
                    Err(refused) if place.get().is_some_and(|(known, _)| *known == refused.0) => break,
                    Err(refused) => new = refused,
                }
            }
        }
        Some(done)
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
