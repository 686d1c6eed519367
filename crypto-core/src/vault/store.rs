//! Where keys and the registry are kept. The vault says what to write; a store reads and writes, and decides nothing.

use std::sync::{Arc, Mutex, PoisonError};

use super::StoreError;
use crate::{
    Field,
    keys::{KeyRow, RegistryRow},
};

/// The rows of both tables, as one scope sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// `encryption_keys`: the rows of the scope, and those without one.
    pub keys: Vec<KeyRow>,
    /// `encrypted_columns`: every row.
    pub fields: Vec<RegistryRow>,
}

impl Stored {
    /// The rows of a scope, and the registry, as a store read them.
    #[must_use]
    pub const fn new(keys: Vec<KeyRow>, fields: Vec<RegistryRow>) -> Self {
        Self { keys, fields }
    }
}

/// One row to write. All changes of one [`KeyStore::apply`] are written, or none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// A key that is new.
    InsertKey(KeyRow),
    /// A key whose state moved on: the row of this id, if it still carries the old MAC.
    ReplaceKey {
        /// The MAC that the row must still have.
        old_mac: [u8; 32],
        /// The row.
        row: KeyRow,
    },
    /// A field that is new.
    InsertField(RegistryRow),
    /// A field whose declaration changed: the row of this field id, if it still carries the old MAC.
    ReplaceField {
        /// The MAC that the row must still have.
        old_mac: [u8; 32],
        /// The row.
        row: RegistryRow,
    },
    /// A field that no model declares any more: the row of this field id, if it still carries this MAC.
    RemoveField {
        /// The row.
        row: RegistryRow,
    },
}

/// Whether changes were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Applied {
    /// All of them, and committed.
    Written,
    /// None: another process was first. Load again.
    Conflict,
}

/// The key table and the registry of one database.
///
/// A store holds no keys, only wrapped ones, and need not be trusted: every row is authenticated.
pub trait KeyStore {
    /// Reads the rows of `scope`, those without a scope, and the registry.
    ///
    /// # Errors
    /// [`StoreError`] if the tables cannot be read, or hold what no store wrote.
    fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, StoreError>;

    /// Writes `changes` in one transaction, in their order, and commits it.
    ///
    /// Two keys of one id; two of one purpose, name, scope and version; and two active ones of one purpose, name and
    /// scope are a [`Conflict`](Applied::Conflict), and so is a row that no longer carries its old MAC.
    ///
    /// # Errors
    /// [`StoreError::InTransaction`] inside of a transaction of the caller's: a key must be committed before its use.
    fn apply(&mut self, changes: &[Change]) -> Result<Applied, StoreError>;

    /// The key of this id, of whatever scope.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    fn key(&mut self, key_id: u32) -> Result<Option<KeyRow>, StoreError>;

    /// One stored value of the field that is not NULL (of a text column, its characters), or `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::NoColumn`] if the database has no such table or column.
    fn sample(&mut self, field: &Field) -> Result<Option<Vec<u8>>, StoreError>;

    /// Holds the columns of `fields` against what the database itself says of them: whether each exists, has room for
    /// sealed values and compares them bytewise. Called once, before anything is read or written.
    ///
    /// A store apart from the encrypted tables knows nothing of them: by default, nothing is looked at.
    ///
    /// # Errors
    /// [`StoreError::NoColumn`], [`StoreError::UnfitColumns`] or [`StoreError::LaxMode`], or as [`load`](Self::load).
    fn check_columns(&mut self, fields: &[&'static Field]) -> Result<(), StoreError> {
        let _ = fields;
        Ok(())
    }
}

/// A [`KeyStore`] whose answers are awaited. What each method does and promises stands there.
pub trait AsyncKeyStore: Send {
    /// [`KeyStore::load`].
    ///
    /// # Errors
    /// As there.
    fn load(&mut self, scope: Option<&[u8]>) -> impl Future<Output = Result<Stored, StoreError>> + Send;

    /// [`KeyStore::apply`].
    ///
    /// # Errors
    /// As there.
    fn apply(&mut self, changes: &[Change]) -> impl Future<Output = Result<Applied, StoreError>> + Send;

    /// [`KeyStore::key`].
    ///
    /// # Errors
    /// As there.
    fn key(&mut self, key_id: u32) -> impl Future<Output = Result<Option<KeyRow>, StoreError>> + Send;

    /// [`KeyStore::sample`].
    ///
    /// # Errors
    /// As there.
    fn sample(&mut self, field: &Field) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// [`KeyStore::check_columns`].
    ///
    /// # Errors
    /// As there.
    fn check_columns(&mut self, fields: &[&'static Field]) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = fields;
        std::future::ready(Ok(()))
    }
}

/// A store in memory: for tests, and for applications that keep what they seal no longer than they run.
///
/// Clones share their rows, as connections share a database.
#[derive(Clone, Debug, Default)]
pub struct MemoryKeyStore {
    rows: Arc<Mutex<Stored>>,
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
        self.with(work)
    }

    fn with<R>(&self, work: impl FnOnce(&mut Stored) -> R) -> R {
        work(&mut self.rows.lock().unwrap_or_else(PoisonError::into_inner))
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
                let both_active = other.state == row.state && row.state == crate::keys::KeyState::Active;
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
    }
}

impl KeyStore for MemoryKeyStore {
    fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, StoreError> {
        Ok(self.with(|rows| {
            let mut seen = rows.clone();
            seen.keys.retain(|row| row.context.scope.is_none() || row.context.scope.as_deref() == scope);
            seen
        }))
    }

    fn apply(&mut self, changes: &[Change]) -> Result<Applied, StoreError> {
        Ok(self.with(|rows| {
            let mut next = rows.clone();
            match changes.iter().try_for_each(|change| apply_one(&mut next, change)) {
                Ok(()) => {
                    *rows = next;
                    Applied::Written
                }
                Err(Conflict) => Applied::Conflict,
            }
        }))
    }

    fn key(&mut self, key_id: u32) -> Result<Option<KeyRow>, StoreError> {
        Ok(self.with(|rows| rows.keys.iter().find(|row| row.context.key_id == key_id).cloned()))
    }

    fn sample(&mut self, _: &Field) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
}
