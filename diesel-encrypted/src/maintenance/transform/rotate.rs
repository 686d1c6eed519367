//! Rotation: values under another key than the active one, or by another algorithm than the field's, are sealed anew. Tags
//! stay as they are, so that no normaliser is needed.

use diesel_encrypted_core::Owner;

use super::{Action, Header, MaintenanceError, Operation, Outcome, Reason, Subject, Table, Transform};

/// Seals values anew with the active key and the algorithm of their field.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rotate;

impl Operation for Rotate {
    const NAME: &'static str = "rotate";
    const FOR_HOLDERS: bool = false;

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
        Ok(self.subject.outdated(header, self.active))
    }

    fn parameters(&self) -> String {
        self.subject.aim(self.active)
    }

    fn change(&self, stored: &[u8], owner: Option<&Owner>) -> Result<Outcome, Reason> {
        let Subject { vault, field, .. } = &self.subject;
        let sealed = vault.rotate(field, &self.subject.sealed(stored)?, owner)?;
        Ok(Outcome::Write(self.subject.stored(sealed)))
    }
}
