//! Reindexing: values that lack a tag of the active generation of one of their field's indexes are sealed with new ones. A
//! new index, a new normaliser and a new key are all a new generation.

use diesel_encrypted_core::Owner;

use super::{Action, Header, MaintenanceError, Operation, Outcome, Reason, Subject, Table, Transform};

/// Computes the tags of values anew where they are not of the active generation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reindex;

impl Operation for Reindex {
    const NAME: &'static str = "reindex";
    const FOR_HOLDERS: bool = true;

    fn transform(&self, subject: Subject) -> Result<Box<dyn Transform>, MaintenanceError> {
        subject.active()?;
        subject.can_index()?;
        let generations = subject.state.indexes.iter().map(|index| index.active.unwrap_or(0)).collect();
        Ok(Box::new(Reindexing { subject, generations }))
    }
}

struct Reindexing {
    subject: Subject,
    /// Of each slot; 0 for an index that was removed.
    generations: Vec<u8>,
}

impl Transform for Reindexing {
    fn action(&self) -> Option<Action> {
        Some(Action::Set)
    }

    fn wants(&self, header: &Header<'_>, _: &Table) -> Result<String, MaintenanceError> {
        let tagged_otherwise = header.is_tagged_otherwise(&self.generations);
        Ok(header
            .case(&format!("{} AND ({tagged_otherwise})", self.subject.under(header, &self.subject.live())), "false"))
    }

    fn parameters(&self) -> String {
        format!("{:?}", self.generations)
    }

    fn change(&self, stored: &[u8], owner: Option<&Owner>) -> Result<Outcome, Reason> {
        let Subject { vault, field, .. } = &self.subject;
        let sealed = vault.reindex(field, &self.subject.sealed(stored)?, owner)?;
        Ok(Outcome::Write(self.subject.stored(sealed)))
    }
}
