//! What the earlier keys of a user or a group still hold: counted before such a key is forgotten.

use std::collections::BTreeSet;

use diesel_encrypted_core::{Storage, Vault};

use super::{
    Maintenance, MaintenanceConnection, MaintenanceError,
    counting::{count, counted, sum},
    header::Header,
    status::registry,
    table::Table,
};

/// What the earlier keys of one user or group held when they were counted, which
/// [`Maintenance::earlier_keys`] did: what is needed to forget them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierKeys(Vec<EarlierKey>);

/// What one earlier key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EarlierKey {
    /// Its id.
    pub key_id: u32,
    /// The values that name it, in every registered column.
    pub rows: u64,
    /// The query that counts them.
    pub query: String,
}

impl EarlierKeys {
    /// Each of them.
    #[must_use]
    pub fn keys(&self) -> &[EarlierKey] {
        &self.0
    }

    /// What it says of this key.
    #[cfg(feature = "users")]
    pub(crate) fn of(&self, key_id: u32) -> Option<&EarlierKey> {
        self.0.iter().find(|key| key.key_id == key_id)
    }

    /// Whether no value needs any of them.
    #[must_use]
    pub fn are_unneeded(&self) -> bool {
        self.0.iter().all(|key| key.rows == 0)
    }
}

impl<C: MaintenanceConnection> Maintenance<'_, C> {
    /// Counts by SQL what the earlier keys of `holder`, the vault of a user or a group, still hold: in every column that is
    /// registered in this database, and in those of that vault. 0 means that [`reseal`](Self::reseal) has nothing left, as
    /// long as nobody seals under an earlier key any more: end what was begun by one first.
    ///
    /// # Errors
    /// [`MaintenanceError::ApplicationVault`] for another vault; else of the database.
    pub fn earlier_keys(&mut self, holder: &Vault) -> Result<EarlierKeys, MaintenanceError> {
        let mut earlier = BTreeSet::new();
        let mut columns = BTreeSet::new();
        if let Some(field) = holder.fields().chain(self.vault.fields()).find(|field| field.inner_class().is_some()) {
            let (field, operation) = (field.id().to_owned(), "counting what an earlier key holds");
            return Err(MaintenanceError::TwoLayers { field, operation });
        }
        for field in holder.fields() {
            let state = holder.field_state(field)?;
            if !state.user_key {
                return Err(MaintenanceError::ApplicationVault { field: field.id().to_owned() });
            }
            earlier.extend(state.readable());
            let is_text = field.storage() == Storage::Text;
            columns.insert((field.table().to_owned(), field.column().to_owned(), is_text));
        }
        for row in registry(self.connection)? {
            columns.insert((row.table, row.column, row.storage == Storage::Text.name()));
        }
        let mut keys: Vec<EarlierKey> =
            earlier.into_iter().map(|key_id| EarlierKey { key_id, rows: 0, query: String::new() }).collect();
        let mut counts = vec![Vec::new(); keys.len()];
        for (name, column, is_text) in columns {
            let storage = if is_text { Storage::Text } else { Storage::Binary };
            let table = match Table::of(self.connection, self.dialect, &name) {
                // Dropped, and with it what it held.
                Err(MaintenanceError::NoTable { .. }) => continue,
                table => table?,
            };
            let Ok(column) = table.column(&column) else { continue };
            let header = Header::new(&table, column, storage);
            for (key, counts) in keys.iter_mut().zip(&mut counts) {
                let wants = header.case(&header.is_under(&[key.key_id], true), "false");
                let count = count(&table.sql(), &wants);
                key.rows += counted(self.connection, self.dialect, &count)?;
                counts.push(count);
            }
        }
        for (key, counts) in keys.iter_mut().zip(counts) {
            key.query = sum(&counts);
        }
        Ok(EarlierKeys(keys))
    }
}
