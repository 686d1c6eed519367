//! Verification: every value is opened and its tags are computed anew. Nothing is written.

use diesel_encrypted_core::{Owner, Plaintext, ValueError, format::value::SealedValue};

use super::{Action, Header, MaintenanceError, Operation, Outcome, Reason, Subject, Table, Transform};

/// Opens every value and compares its tags with those that its indexes make of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verify;

impl Operation for Verify {
    const NAME: &'static str = "verify";

    fn transform(&self, subject: Subject) -> Result<Box<dyn Transform>, MaintenanceError> {
        subject.can_index()?;
        Ok(Box::new(Verification(subject)))
    }
}

struct Verification(Subject);

impl Verification {
    /// Whether a value is of another scope, whose keys this vault does not have.
    fn is_elsewhere(&self, sealed: &[u8]) -> bool {
        let key = SealedValue::parse(sealed).map(|value| value.header.key_id);
        key.is_ok_and(|key| self.0.known.contains(&key) && self.0.state.keys.iter().all(|(own, _)| *own != key))
    }

    /// Of what is not sealed.
    fn malformed(&self, stored: &[u8], error: ValueError) -> Result<Outcome, Reason> {
        let field = self.0.field;
        match field.declared_plaintext() {
            _ if self.0.looks_sealed(stored) => Err(error.into()),
            Plaintext::Accept => Ok(Outcome::Skip),
            _ => Err(ValueError::NotEncrypted { field: field.into() }.into()),
        }
    }
}

impl Transform for Verification {
    fn action(&self) -> Option<Action> {
        None
    }

    fn wants(&self, header: &Header<'_>, _: &Table) -> Result<String, MaintenanceError> {
        Ok(format!("{} IS NOT NULL", header.column()))
    }

    fn change(&self, stored: &[u8], owner: Option<&Owner>) -> Result<Outcome, Reason> {
        let Subject { vault, field, .. } = &self.0;
        let sealed = match self.0.sealed(stored) {
            Ok(sealed) => sealed,
            Err(error) => return self.malformed(stored, error),
        };
        if self.is_elsewhere(&sealed) {
            return Ok(Outcome::Skip);
        }
        match vault.verify(field, &sealed, owner) {
            Ok(_) => Ok(Outcome::Done),
            Err(error @ ValueError::Malformed { .. }) => self.malformed(stored, error),
            Err(error) => Err(error.into()),
        }
    }
}
