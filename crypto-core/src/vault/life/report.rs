//! What there is: the keys with what happened to them, and the root keys that are still needed.

use std::collections::BTreeMap;

use super::{KeyError, KeyTask, KeyView};
use crate::{
    index::generation_number,
    keys::{Fingerprint, IndexSpec, KeyEvent, KeyRow, KeyState, Purpose, Timestamp},
    vault::Change,
};

/// One thing that happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What.
    pub event: KeyEvent,
    /// When, by the database's clock.
    pub at: Timestamp,
}

/// A data key, an index key or an authority's key, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyInfo {
    /// Its id, which stands in every value that it sealed.
    pub key_id: u32,
    /// What it is for.
    pub purpose: Purpose,
    /// The field id, or the index's name in `encryption_keys`; empty for an authority's key.
    pub name: String,
    /// The scope (tenant).
    pub scope: Option<Vec<u8>>,
    /// The order of the keys of one name, from 1.
    pub version: u32,
    /// Where it is in its life.
    pub state: KeyState,
    /// Of an index key, the generation (1 to 255) that stands before its tags.
    pub generation: Option<u8>,
    /// Of an index key, how its tags are made.
    pub index: Option<IndexSpec>,
    /// The id of the root key that wraps it, or last did.
    pub root_id: String,
    /// That root key's fingerprint.
    pub root_fingerprint: Fingerprint,
    /// What happened to it, in order.
    pub events: Vec<Event>,
}

impl KeyInfo {
    pub(super) fn new(view: &KeyView<'_>, row: &KeyRow) -> Self {
        let context = &row.context;
        let events = view.events(context.key_id);
        Self {
            key_id: context.key_id,
            purpose: context.purpose,
            name: context.name.clone(),
            scope: context.scope.clone(),
            version: context.version,
            state: row.state,
            generation: (context.purpose == Purpose::Index).then(|| generation_number(context.version)),
            index: row.index.clone(),
            root_id: row.root_id.clone(),
            root_fingerprint: row.root_fingerprint,
            events: events.into_iter().map(|event| Event { event: event.event, at: event.at }).collect(),
        }
    }

    /// The key as it is once it came to `state`, which is not yet recorded.
    pub(super) fn coming_to(view: &KeyView<'_>, row: &KeyRow, state: KeyState) -> Self {
        let mut info = Self::new(view, row);
        info.state = state;
        info.events.push(Event { event: state.into(), at: view.now });
        info
    }

    /// When it last came to be what `event` says.
    #[must_use]
    pub fn when(&self, event: KeyEvent) -> Option<Timestamp> {
        self.events.iter().rev().find(|past| past.event == event).map(|past| past.at)
    }
}

/// The task that changes nothing and reports the keys of the scope, of fields, of indexes and of the authority, by purpose,
/// name and version.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListKeys;

impl KeyTask for ListKeys {
    type Report = Vec<KeyInfo>;

    fn decide(&self, view: &KeyView<'_>) -> Result<(Vec<Change>, Vec<KeyInfo>), KeyError> {
        let mut keys: Vec<_> = view.keys().map(|row| KeyInfo::new(view, row)).collect();
        keys.sort_by(|a, b| (a.purpose, &a.name, a.version).cmp(&(b.purpose, &b.name, b.version)));
        Ok((Vec::new(), keys))
    }
}

/// A root key that data keys are wrapped by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RootKeyUse {
    /// Its id.
    pub root_id: String,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// How many keys it wraps, the state key among them. A destroyed key is not wrapped.
    pub keys: usize,
}

impl RootKeyUse {
    /// Every root key that is needed to open these rows, by id and fingerprint. One that is not listed opens nothing here.
    pub(super) fn of<'r>(rows: impl IntoIterator<Item = &'r KeyRow>) -> Vec<Self> {
        let mut uses: BTreeMap<_, usize> = BTreeMap::new();
        for row in rows.into_iter().filter(|row| row.has_key()) {
            *uses.entry((&row.root_id, *row.root_fingerprint.as_bytes())).or_default() += 1;
        }
        let one = |((root_id, print), keys): ((&String, [u8; 8]), usize)| Self {
            root_id: root_id.clone(),
            fingerprint: Fingerprint::new(print),
            keys,
        };
        uses.into_iter().map(one).collect()
    }
}

/// The task that changes nothing and reports which root keys wrap how many keys, of every scope.
#[derive(Clone, Copy, Debug, Default)]
pub struct RootKeyUses;

impl KeyTask for RootKeyUses {
    type Report = Vec<RootKeyUse>;

    const EVERY_SCOPE: bool = true;

    fn decide(&self, view: &KeyView<'_>) -> Result<(Vec<Change>, Vec<RootKeyUse>), KeyError> {
        Ok((Vec::new(), RootKeyUse::of(&view.stored.keys)))
    }
}
