//! Where keys and the registry are kept. The vault says what to write; a store reads and writes, and decides nothing.

use super::StoreError;
use crate::{
    Field,
    keys::{AuditRow, KeyRow, RegistryRow, Timestamp},
};

/// The rows of the tables, as one scope sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// `encryption_keys`: the rows of the scope, and those without one.
    pub keys: Vec<KeyRow>,
    /// `encrypted_columns`: every row.
    pub fields: Vec<RegistryRow>,
    /// `encryption_audit`: the rows of the scope, and those without one.
    pub audit: Vec<AuditRow>,
}

impl Stored {
    /// The rows of a scope, and the registry, as a store read them.
    #[must_use]
    pub const fn new(keys: Vec<KeyRow>, fields: Vec<RegistryRow>, audit: Vec<AuditRow>) -> Self {
        Self { keys, fields, audit }
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
    /// What happened to a key.
    InsertAudit(AuditRow),
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

    /// Reads every row, whatever its scope.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    fn load_all(&mut self) -> Result<Stored, StoreError>;

    /// The time by the clock that all users of this store share: the database's.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    fn now(&mut self) -> Result<Timestamp, StoreError>;

    /// Writes `changes` in one transaction, in their order, and commits it.
    ///
    /// Two keys of one id; two of one purpose, name, scope and version; two active ones of one purpose, name and scope; and
    /// two events of one key and number are a [`Conflict`](Applied::Conflict), and so is a row that no longer carries its
    /// old MAC.
    ///
    /// # Errors
    /// [`StoreError::InTransaction`] inside of a transaction of the caller's: a key must be committed before its use.
    fn apply(&mut self, changes: &[Change]) -> Result<Applied, StoreError>;

    /// The key of this id, of whatever scope.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    fn key(&mut self, key_id: u32) -> Result<Option<KeyRow>, StoreError>;

    /// Adds to the number of values that keys have sealed: pairs of a key id and how many more. Nothing else changes, and
    /// no MAC covers it: it is a count to be warned by, not one to trust.
    ///
    /// # Errors
    /// As [`load`](Self::load), and where this role may not write. By default, nothing is counted.
    fn add_usage(&mut self, sealed: &[(u32, u64)]) -> Result<(), StoreError> {
        let _ = sealed;
        Ok(())
    }

    /// How many values the keys of `scope`, and those without one, have sealed, as far as that was added: pairs of a key id
    /// and a count.
    ///
    /// # Errors
    /// As [`load`](Self::load). By default, nothing is known.
    fn usage(&mut self, scope: Option<&[u8]>) -> Result<Vec<(u32, u64)>, StoreError> {
        let _ = scope;
        Ok(Vec::new())
    }

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

    /// [`KeyStore::load_all`].
    ///
    /// # Errors
    /// As there.
    fn load_all(&mut self) -> impl Future<Output = Result<Stored, StoreError>> + Send;

    /// [`KeyStore::now`].
    ///
    /// # Errors
    /// As there.
    fn now(&mut self) -> impl Future<Output = Result<Timestamp, StoreError>> + Send;

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

    /// [`KeyStore::add_usage`].
    ///
    /// # Errors
    /// As there.
    fn add_usage(&mut self, sealed: &[(u32, u64)]) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = sealed;
        std::future::ready(Ok(()))
    }

    /// [`KeyStore::usage`].
    ///
    /// # Errors
    /// As there.
    fn usage(&mut self, scope: Option<&[u8]>) -> impl Future<Output = Result<Vec<(u32, u64)>, StoreError>> + Send {
        let _ = scope;
        std::future::ready(Ok(Vec::new()))
    }

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
