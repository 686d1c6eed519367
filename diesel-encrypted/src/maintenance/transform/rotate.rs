//! Rotation: values under another key than the active one, or by another algorithm than the field's, are sealed anew. Tags
//! stay as they are, so that no normaliser is needed.

use diesel_encrypted_core::Owner;

use super::{Action, Header, MaintenanceError, Operation, Outcome, Reason, Subject, Table, Transform};

/// Seals values anew with the active key and the algorithm of their field.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rotate;

impl Operation for Rotate {
    const NAME: &'static str = "rotate";

    fn transform(&self, subject: Subject) -> Result<Box<dyn Transform>, MaintenanceError> {
        let active = subject.active()?;
        Ok(Box::new(Rotation { subject, active }))
    }
}

struct Rotation {
    subject: Subject,
    active: u32,
}

impl Transform for Rotation {
    fn action(&self) -> Option<Action> {
        Some(Action::Set)
    }

    /// Values of other scopes, and of keys that are gone, are not read.
    fn wants(&self, header: &Header<'_>, _: &Table) -> Result<String, MaintenanceError> {
        let others: Vec<u32> = self.subject.state.readable().collect();
        let sealed = format!(
            "{} OR ({} AND {})",
            header.is_under(&others),
            header.is_under(&[self.active]),
            header.is_not_by(self.subject.field.declared_algorithm())
        );
        Ok(header.case(&sealed, "false"))
    }

    fn parameters(&self) -> String {
        format!("{:08x} {}", self.active, self.subject.field.declared_algorithm().name())
    }

    fn change(&self, stored: &[u8], owner: Option<&Owner>) -> Result<Outcome, Reason> {
        let Subject { vault, field, .. } = &self.subject;
        let sealed = vault.rotate(field, &self.subject.sealed(stored)?, owner)?;
        Ok(Outcome::Write(self.subject.stored(sealed)))
    }
}
