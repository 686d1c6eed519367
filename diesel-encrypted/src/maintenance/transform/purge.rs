//! Purging what can no longer be opened, so that an application can start again with the rest. It goes by the key that a
//! value names: destroyed, or named by the operator. A value that looks tampered is never purged.

use diesel_encrypted_core::Owner;

use super::{
    Action, Column, Forbidden, Header, MaintenanceError, Operation, Outcome, Reason, Subject, Table, Transform,
};

/// Sets values to NULL whose key is destroyed or was named, or deletes their rows.
#[derive(Clone, Debug, Default)]
pub struct Purge {
    pub(in crate::maintenance) keys: Vec<u32>,
    pub(in crate::maintenance) rows: bool,
}

impl Operation for Purge {
    const NAME: &'static str = "purge";
    const FOR_HOLDERS: bool = false;

    fn transform(&self, subject: Subject) -> Result<Box<dyn Transform>, MaintenanceError> {
        let alive = self.keys.iter().find(|key| subject.live().contains(key));
        if let Some(key_id) = alive {
            return Err(MaintenanceError::KeyAlive { field: subject.field.id().to_owned(), key_id: *key_id });
        }
        let mut named = self.keys.clone();
        named.sort_unstable();
        named.dedup();
        Ok(Box::new(Purging { subject, named, rows: self.rows }))
    }
}

struct Purging {
    subject: Subject,
    /// What the operator named: of the application, or of a user or a group.
    named: Vec<u32>,
    rows: bool,
}

impl Purging {
    fn unreadable(&self, header: &Header<'_>) -> String {
        let destroyed: Vec<u32> = self.subject.state.destroyed().collect();
        let of_key = format!("{} OR {}", self.subject.under(header, &destroyed), header.names(&self.named));
        header.case(&of_key, "false")
    }
}

impl Transform for Purging {
    fn action(&self) -> Option<Action> {
        Some(if self.rows { Action::Delete } else { Action::Clear })
    }

    fn needs_owner(&self) -> bool {
        false
    }

    fn wants(&self, header: &Header<'_>, _: &Table) -> Result<String, MaintenanceError> {
        Ok(self.unreadable(header))
    }

    fn forbids(&self, header: &Header<'_>, column: &Column) -> Option<Forbidden<'_>> {
        if !column.not_null || self.rows {
            return None;
        }
        let (table, column) = (self.subject.field.table().to_owned(), column.name.clone());
        let refusal = move |_| MaintenanceError::NotNull { table: table.clone(), column: column.clone() };
        Some(Forbidden { sql: self.unreadable(header), refusal: Box::new(refusal) })
    }

    fn parameters(&self) -> String {
        let keys: Vec<u32> = self.subject.state.destroyed().chain(self.named.iter().copied()).collect();
        format!("{keys:08x?} {}", if self.rows { "rows" } else { "values" })
    }

    fn change(&self, _: &[u8], _: Option<&Owner>) -> Result<Outcome, Reason> {
        Ok(Outcome::Write(Vec::new()))
    }
}
