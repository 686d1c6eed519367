//! The key tables as they stand, for tools that need no key: nothing is made, and nothing found authentic.

use diesel_encrypted_core::{
    Change, Field, VaultError,
    keys::{AuditRow, KeyRow, RegistryRow},
    registered_fields,
};

/// Every row of the key tables, of every scope. Whether the rows are authentic only a vault can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyInventory {
    /// The keys, ordered by name, scope, purpose and version.
    pub keys: Vec<KeyRow>,
    /// The registered columns, ordered by field id.
    pub columns: Vec<RegistryRow>,
    /// What happened to the keys, ordered by key id and sequence.
    pub audit: Vec<AuditRow>,
    /// How many values keys have sealed, by key id, as far as that was told. Under no MAC.
    pub usage: Vec<(u32, u64)>,
}

impl KeyInventory {
    /// Rows that were read from elsewhere: a backup.
    #[must_use]
    pub const fn new(keys: Vec<KeyRow>, columns: Vec<RegistryRow>, audit: Vec<AuditRow>) -> Self {
        Self { keys, columns, audit, usage: Vec::new() }
    }

    /// With how many values keys have sealed.
    #[must_use]
    pub fn with_usage(self, usage: Vec<(u32, u64)>) -> Self {
        Self { usage, ..self }
    }

    /// How many values this key has sealed, as far as that was told.
    #[must_use]
    pub fn sealed(&self, key_id: u32) -> u64 {
        self.usage.iter().find(|(id, _)| *id == key_id).map_or(0, |(_, sealed)| *sealed)
    }

    /// The fields that are registered, with the indexes of a scope, as the rows have them.
    ///
    /// # Errors
    /// [`VaultError::UnreadableField`] for what a later version registered.
    pub fn fields(&self, scope: Option<&[u8]>) -> Result<Vec<&'static Field>, VaultError> {
        registered_fields(&self.columns, &self.keys, scope)
    }

    /// Whether there is no row at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.columns.is_empty() && self.audit.is_empty()
    }

    /// The changes that make these rows in a store that has none, such as one in memory, by which they are found authentic.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let keys = self.keys.iter().cloned().map(Change::InsertKey);
        let columns = self.columns.iter().cloned().map(Change::InsertField);
        keys.chain(columns).chain(self.audit.iter().cloned().map(Change::InsertAudit)).collect()
    }
}
