//! What the earlier keys of a user or a group still hold: counted before such a key is forgotten.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use diesel_encrypted_core::{Storage, Vault};

use super::{
    Maintenance, MaintenanceConnection, MaintenanceError, Run, Selection,
    counting::{count, counted, sum},
    header::Header,
    patience::patiently,
    status::registry,
    table::Table,
    transform::CountInner,
};
use crate::store::statement::Statement;

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
    /// Counts what the earlier keys of `holder`, the vault of a user or a group, still hold: in every column that is
    /// registered in this database, and in those of that vault. SQL counts them but where there are two layers, of which the
    /// application's is opened by the vault that this was opened with. 0 means that [`reseal`](Self::reseal) has nothing left, as
    /// long as nobody seals under an earlier key any more: end what was begun by one first.
    ///
    /// # Errors
    /// [`MaintenanceError::ApplicationVault`] for another vault, [`MaintenanceError::NotRegistered`] if this was opened with a
    /// vault that lacks a column of two layers, [`MaintenanceError::OtherScope`] if with one of another scope, and
    /// [`MaintenanceError::UnknownKey`] if with one that does not know each key of such a column; else of the database.
    pub fn earlier_keys(&mut self, holder: &Vault) -> Result<EarlierKeys, MaintenanceError> {
        let mut earlier = BTreeSet::new();
        let mut columns = BTreeSet::new();
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
        let (within, unopened) = self.within_layers(holder)?;
        for (key, counts) in keys.iter_mut().zip(counts) {
            key.query = sum(&counts);
            let rows = within.get(&key.key_id).copied().unwrap_or_default();
            key.rows += rows + unopened;
            // SQL does not see them.
            if rows > 0 {
                key.query.push_str(&format!(" -- and {rows} values in columns of two layers"));
            }
            if unopened > 0 {
                key.query
                    .push_str(&format!(" -- and {unopened} values of two layers that do not open, and may need it"));
            }
        }
        Ok(EarlierKeys(keys))
    }

    /// How many values of columns of two layers are under each key of a user or a group, opened by the application's key; and
    /// how many that does not open.
    fn within_layers(&mut self, holder: &Vault) -> Result<(BTreeMap<u32, u64>, u64), MaintenanceError> {
        let is_known = |id: &str, vault: &Vault| vault.fields().any(|field| field.id() == id);
        let select = "SELECT field_id, table_name, column_name, options, indexes FROM encrypted_columns";
        let rows = patiently(self.connection, |connection| connection.registered(Statement::new().sql(select)))?;
        let registered = rows.into_iter().filter(|(_, _, _, options, _)| options.contains("\"inner_class\""));
        let registered =
            registered.map(|(id, table, column, ..)| (String::from_utf8_lossy(&id).into_owned(), table, column));
        let declared = holder.fields().filter(|field| field.inner_class().is_some());
        let declared =
            declared.map(|field| (field.id().to_owned(), field.table().to_owned(), field.column().to_owned()));
        let columns: BTreeSet<(String, String, String)> = registered.chain(declared).collect();
        let mut selection = Selection::all();
        for (id, table, column) in &columns {
            if !is_known(id, &self.vault) {
                return Err(MaintenanceError::NotRegistered { name: format!("{table}.{column}") });
            }
            selection = selection.column(table, column);
        }
        if columns.is_empty() {
            return Ok((BTreeMap::new(), 0));
        }
        // It would open nothing of theirs, and find nothing.
        if self.vault.scope() != holder.scope() {
            return Err(MaintenanceError::OtherScope);
        }
        let counting = CountInner::default();
        let run = Run::new(self.connection, (&self.vault, self.dialect), &selection, counting.clone());
        let counted = run.dry_run().run(|_| ControlFlow::Continue(()))?;
        Ok((counting.counts(), counted.counts().failed))
    }
}
