//! A store in memory, and what it means to make a change.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use super::{
    StoreError,
    store::{Applied, Change, KeyStore, Stored},
};
use crate::{
    Field,
    keys::{KeyRow, KeyState, Timestamp},
};

/// A store in memory: for tests, and for applications that keep what they seal no longer than they run.
///
/// Clones share their rows, as connections share a database.
#[derive(Clone, Debug, Default)]
pub struct MemoryKeyStore {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    rows: Stored,
    /// How many values each key has sealed.
    sealed: BTreeMap<u32, u64>,
    /// How far the clock is ahead of the system's.
    ahead: Duration,
}

impl MemoryKeyStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies `work` to the rows, whatever they then are: how tests play the attacker.
    #[cfg(any(test, feature = "__hazmat"))]
    #[doc(hidden)]
    pub fn tamper<R>(&self, work: impl FnOnce(&mut Stored) -> R) -> R {
        self.with(|shared| work(&mut shared.rows))
    }

    /// Lets time pass: how tests wait.
    #[cfg(any(test, feature = "__hazmat"))]
    #[doc(hidden)]
    pub fn pass(&self, time: Duration) {
        self.with(|shared| shared.ahead += time);
    }

    fn with<R>(&self, work: impl FnOnce(&mut Shared) -> R) -> R {
        work(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Why changes stop: another was first.
#[derive(Debug)]
pub(super) struct Conflict;

/// Makes one change, or half of it where it conflicts: the caller works on a copy.
pub(super) fn apply_one(stored: &mut Stored, change: &Change) -> Result<(), Conflict> {
    match change {
        Change::InsertKey(row) => {
            stored.keys.push(row.clone());
            let new = &row.context;
            let clashes = stored.keys.iter().filter(|other| {
                let old = &other.context;
                let same_name = (old.purpose, &old.name, &old.scope) == (new.purpose, &new.name, &new.scope);
                let both_active = other.state == row.state && row.state == KeyState::Active;
                old.key_id == new.key_id || same_name && (old.version == new.version || both_active)
            });
            if clashes.count() == 1 { Ok(()) } else { Err(Conflict) }
        }
        Change::ReplaceKey { old_mac, row } => {
            let found = stored
                .keys
                .iter_mut()
                .find(|old| old.context.key_id == row.context.key_id && old.mac == *old_mac)
                .ok_or(Conflict)?;
            *found = row.clone();
            Ok(())
        }
        Change::InsertField(row) => {
            if stored.fields.iter().any(|old| old.field_id == row.field_id) {
                return Err(Conflict);
            }
            stored.fields.push(row.clone());
            Ok(())
        }
        Change::ReplaceField { old_mac, row } => {
            let found = stored
                .fields
                .iter_mut()
                .find(|old| old.field_id == row.field_id && old.mac == *old_mac)
                .ok_or(Conflict)?;
            *found = row.clone();
            Ok(())
        }
        Change::RemoveField { row } => {
            let at = stored.fields.iter().position(|old| old == row).ok_or(Conflict)?;
            stored.fields.remove(at);
            Ok(())
        }
        Change::InsertAudit(row) => {
            if stored.audit.iter().any(|old| (old.key_id, old.sequence) == (row.key_id, row.sequence)) {
                return Err(Conflict);
            }
            stored.audit.push(row.clone());
            Ok(())
        }
    }
}

impl KeyStore for MemoryKeyStore {
    fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, StoreError> {
        let sees = |of: &Option<Vec<u8>>| of.is_none() || of.as_deref() == scope;
        let mut seen = self.load_all()?;
        seen.keys.retain(|row| sees(&row.context.scope));
        seen.audit.retain(|row| sees(&row.scope));
        Ok(seen)
    }

    fn load_all(&mut self) -> Result<Stored, StoreError> {
        Ok(self.with(|shared| shared.rows.clone()))
    }

    fn now(&mut self) -> Result<Timestamp, StoreError> {
        let ahead = self.with(|shared| shared.ahead);
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + ahead;
        Ok(Timestamp::from_unix_micros(0).after(now))
    }

    fn apply(&mut self, changes: &[Change]) -> Result<Applied, StoreError> {
        Ok(self.with(|shared| {
            let mut next = shared.rows.clone();
            match changes.iter().try_for_each(|change| apply_one(&mut next, change)) {
                Ok(()) => {
                    shared.rows = next;
                    Applied::Written
                }
                Err(Conflict) => Applied::Conflict,
            }
        }))
    }

    fn key(&mut self, key_id: u32) -> Result<Option<KeyRow>, StoreError> {
        Ok(self.with(|shared| shared.rows.keys.iter().find(|row| row.context.key_id == key_id).cloned()))
    }

    fn add_usage(&mut self, sealed: &[(u32, u64)]) -> Result<(), StoreError> {
        self.with(|shared| {
            for (key_id, more) in sealed {
                *shared.sealed.entry(*key_id).or_default() += more;
            }
        });
        Ok(())
    }

    fn usage(&mut self, _: Option<&[u8]>) -> Result<Vec<(u32, u64)>, StoreError> {
        Ok(self.with(|shared| shared.sealed.iter().map(|(key_id, count)| (*key_id, *count)).collect()))
    }

    fn sample(&mut self, _: &Field) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
}
