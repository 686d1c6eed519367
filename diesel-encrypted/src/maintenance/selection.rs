//! Which columns maintenance is for.

use diesel_encrypted_core::{Field, Vault};

use super::MaintenanceError;

/// Encrypted columns: all of the vault's, those of some tables, or some alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Selection {
    /// Tables, and columns of tables.
    only: Vec<(String, Option<String>)>,
}

impl Selection {
    /// Every encrypted column that the vault knows.
    pub fn all() -> Self {
        Self::default()
    }

    /// The encrypted columns of a table, which is named as the model names it. Can be called more than once.
    pub fn table(mut self, table: &str) -> Self {
        self.only.push((table.to_owned(), None));
        self
    }

    /// One encrypted column. Can be called more than once.
    pub fn column(mut self, table: &str, column: &str) -> Self {
        self.only.push((table.to_owned(), Some(column.to_owned())));
        self
    }

    /// The fields, table by table.
    pub(super) fn fields(&self, vault: &Vault) -> Result<Vec<&'static Field>, MaintenanceError> {
        let is_named = |field: &Field, (table, column): &(String, Option<String>)| {
            field.table() == table && column.as_deref().is_none_or(|column| field.column() == column)
        };
        for named in &self.only {
            if !vault.fields().any(|field| is_named(field, named)) {
                let (table, column) = named;
                let column = column.iter().map(|column| format!(".{column}")).collect::<String>();
                return Err(MaintenanceError::NotRegistered { name: format!("{table}{column}") });
            }
        }
        let is_selected = |field: &&Field| self.only.is_empty() || self.only.iter().any(|named| is_named(field, named));
        let mut fields: Vec<&'static Field> = vault.fields().filter(is_selected).collect();
        fields.sort_by_key(|field| (field.table(), field.column()));
        Ok(fields)
    }
}
