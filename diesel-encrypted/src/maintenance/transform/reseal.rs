//! Resealing: values of one user or group that are under an earlier key of theirs, or by another algorithm than the
//! field's, are sealed anew with the key of now, which makes their tags too.

use diesel_encrypted_core::{Owner, Vault};

use super::{Action, Header, MaintenanceError, Operation, Outcome, Reason, Subject, Table, Transform, reseal_layer};

/// Seals a user's or a group's values anew with their new key.
#[derive(Clone, Debug)]
pub struct Reseal {
    /// For columns of two layers.
    pub(in crate::maintenance) application: Vault,
}

impl Operation for Reseal {
    const NAME: &'static str = "reseal";
    const FOR_HOLDERS: bool = true;

    fn transform(&self, subject: Subject) -> Result<Box<dyn Transform>, MaintenanceError> {
        if !subject.state.user_key {
            return Err(MaintenanceError::ApplicationVault { field: subject.field.id().to_owned() });
        }
        subject.can_index()?;
        if subject.field.inner_class().is_some() {
            return Ok(Box::new(reseal_layer::Resealing::new(subject, &self.application)?));
        }
        let active = subject.active()?;
        Ok(Box::new(Resealing { subject, active }))
    }
}

struct Resealing {
    subject: Subject,
    active: u32,
}

impl Transform for Resealing {
    fn action(&self) -> Option<Action> {
        Some(Action::Set)
    }

    /// Values of other holders are not read.
    fn wants(&self, header: &Header<'_>, _: &Table) -> Result<String, MaintenanceError> {
        Ok(self.subject.outdated(header, self.active))
    }

    fn parameters(&self) -> String {
        self.subject.aim(self.active)
    }

    fn change(&self, stored: &[u8], owner: Option<&Owner>) -> Result<Outcome, Reason> {
        let Subject { vault, field, .. } = &self.subject;
        let sealed = vault.reindex(field, &self.subject.sealed(stored)?, owner)?;
        Ok(Outcome::Write(self.subject.stored(sealed)))
    }
}
