//! The keys of one field, ready for use: found by id, never tried in turn.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use super::{
    kind::Kind,
    usage::{LIMIT, Usage, WARN},
};
use crate::{
    Algorithm, Field,
    format::value::{EMPTY_SLOT, Header, Shape, Slot},
    index::Generation,
    keys::{DataKey, KeyState},
    value::{Class, EncodeError},
};

/// How many kinds a key keeps: those that its field's values have had in turn.
const KEPT: usize = 16;

/// A data key that seals values, and the kinds of values that it has sealed or opened.
pub(super) struct ValueKey {
    pub(super) id: u32,
    pub(super) state: KeyState,
    key: Option<DataKey>,
    /// Whether it has sealed as many values as it may.
    exhausted: AtomicBool,
    /// Shared with the same key of other versions of the field.
    pub(super) usage: Arc<Usage>,
    /// In the order in which they were first met.
    kinds: [OnceLock<Kind>; KEPT],
}

impl ValueKey {
    /// `key` is `None` once it is destroyed.
    pub(super) fn new(id: u32, state: KeyState, key: Option<DataKey>) -> Self {
        let kinds = [const { OnceLock::new() }; KEPT];
        Self { id, state, key, exhausted: AtomicBool::new(false), usage: Arc::default(), kinds }
    }

    /// Whether it may seal no more values.
    #[inline]
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted.load(Relaxed)
    }

    /// A value was sealed that counts for many.
    #[cold]
    pub(super) fn sealed_many(&self, field: &Field) {
        self.judge(field, self.usage.add());
    }

    /// What follows from the number of values that it has sealed.
    pub(super) fn judge(&self, field: &Field, total: u64) {
        if field.algorithm != Algorithm::Aes256Gcm || total < WARN || self.state != KeyState::Active {
            return;
        }
        let key_id = format_args!("{:08x}", self.id);
        if total >= LIMIT && !self.exhausted.swap(true, Relaxed) {
            tracing::error!(
                field = field.id(),
                key_id,
                total,
                "a key has sealed all values it may: nothing more is sealed"
            );
        } else if self.usage.warns() {
            tracing::warn!(
                field = field.id(),
                key_id,
                total,
                limit = LIMIT,
                "a key has sealed half of the values it may: create and activate another"
            );
        }
    }

    /// How many kinds are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.kinds.iter().filter(|place| place.get().is_some()).count()
    }

    /// The kind of values of this shape, if it is kept.
    #[inline(always)]
    pub(super) fn kind(&self, shape: Shape) -> Option<&Kind> {
        for place in &self.kinds {
            match place.get() {
                Some(kind) if kind.shape == shape => return Some(kind),
                Some(_) => {}
                None => break,
            }
        }
        None
    }

    /// A kind that is not kept yet. `None` if the key is destroyed.
    pub(super) fn new_kind(&self, header: Header, slots: usize) -> Option<Kind> {
        self.key.as_ref().map(|key| Kind::new(key, header, slots))
    }

    /// Keeps a kind. Only one that sealed or opened a value: a header that someone made up opens nothing and takes no
    /// place. Gives it back where all places are taken, or another thread was first.
    pub(super) fn keep(&self, mut kind: Kind) -> Option<Kind> {
        for place in &self.kinds {
            match place.set(kind) {
                Ok(()) => return None,
                Err(refused) if place.get().is_some_and(|kept| kept.shape == refused.shape) => return Some(refused),
                Err(refused) => kind = refused,
            }
        }
        Some(kind)
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
    /// Whether the keys are a user's or a group's, and not the application's.
    pub(super) user_key: bool,
    /// Every key of the field and of its indexes, as it was known.
    pub(super) seen: Vec<(u32, KeyState)>,
}

impl FieldKeys {
    /// The key that seals.
    #[inline]
    pub(super) fn active(&self) -> Option<&ValueKey> {
        self.keys.first().filter(|key| key.state == KeyState::Active)
    }

    /// The key of this id.
    #[inline]
    pub(super) fn find(&self, id: u32) -> Option<&ValueKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The key that a value of this shape names, and its kind if that is kept.
    #[inline]
    pub(super) fn kind(&self, shape: Shape) -> Option<(&ValueKey, &Kind)> {
        let key = self.find(shape.key_id())?;
        Some((key, key.kind(shape)?))
    }
}
