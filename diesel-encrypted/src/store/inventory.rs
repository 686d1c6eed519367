//! The key tables as they stand, for tools that need no key: nothing is made, and nothing found authentic.

use diesel_encrypted_core::keys::{AuditRow, KeyRow, RegistryRow};

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
}
