//! Verification: every value is opened and its tags are computed anew. Nothing is written.

use diesel_encrypted_core::{Owner, Plaintext, ValueError, format::value::SealedValue, value::plain};

use super::{Action, Header, MaintenanceError, Operation, Outcome, Reason, Subject, Table, Transform};

/// Opens every value and compares its tags with those that its indexes make of it.
#[derive(Clone, Debug, Default)]
pub struct Verify {
    pub(in crate::maintenance) against: Option<String>,
    /// Whether values whose tags cannot be made here are opened all the same.
    pub(in crate::maintenance) opens_only: bool,
}

impl Operation for Verify {
    const NAME: &'static str = "verify";
    const FOR_HOLDERS: bool = true;

    fn for_one_column(&self) -> Option<&'static str> {
        self.against.is_some().then_some("against")
    }

    fn transform(&self, subject: Subject) -> Result<Box<dyn Transform>, MaintenanceError> {
        let can_index = subject.can_index();
        let compares = can_index.is_ok();
        if !self.opens_only {
            can_index?;
        }
        Ok(Box::new(Verification { subject, against: self.against.clone(), compares }))
    }
}

struct Verification {
    subject: Subject,
    /// The column that it is compared with, if one was named.
    against: Option<String>,
    /// Whether tags are compared.
    compares: bool,
}

impl Verification {
    /// Whether a value is of another scope, or of another holder, whose keys this vault does not have. One that names a key
    /// of the application's and says that it is a user's is damaged.
    fn is_elsewhere(&self, sealed: &[u8]) -> bool {
        let Subject { state, known, .. } = &self.subject;
        SealedValue::parse(sealed).is_ok_and(|value| {
            let key_id = value.header.key_id;
            let is_known = known.contains(&key_id);
            let could_be = state.user_key || value.header.user_key != is_known;
            could_be && state.keys.iter().all(|(own, _)| *own != key_id)
        })
    }

    /// Of what is not sealed.
    fn malformed(&self, stored: &[u8], error: ValueError) -> Result<Outcome, Reason> {
        let field = self.subject.field;
        match field.declared_plaintext() {
            _ if self.subject.looks_sealed(stored) => Err(error.into()),
            Plaintext::Accept => Ok(Outcome::Skip),
            _ => Err(ValueError::NotEncrypted { field: field.into() }.into()),
        }
    }
}

impl Transform for Verification {
    fn action(&self) -> Option<Action> {
        None
    }

    fn compares_tags(&self) -> bool {
        self.compares
    }

    fn against(&self) -> Option<&str> {
        self.against.as_deref()
    }

    fn wants(&self, header: &Header<'_>, table: &Table) -> Result<String, MaintenanceError> {
        let own = format!("{} IS NOT NULL", header.column());
        match &self.against {
            None => Ok(own),
            Some(against) => Ok(format!("{own} OR {} IS NOT NULL", table.quoted(&table.column(against)?.name))),
        }
    }

    fn parameters(&self) -> String {
        let against = self.against.as_deref().unwrap_or_default();
        if self.compares { against.to_owned() } else { format!("{against} (opens only)") }
    }

    fn change(&self, stored: &[u8], owner: Option<&Owner>) -> Result<Outcome, Reason> {
        let Subject { vault, field, .. } = &self.subject;
        let sealed = match self.subject.sealed(stored) {
            Ok(sealed) => sealed,
            Err(error) => return self.malformed(stored, error),
        };
        if self.is_elsewhere(&sealed) {
            return Ok(Outcome::Skip);
        }
        let verified = match self.compares {
            true => vault.verify(field, &sealed, owner).map(drop),
            false => vault.open_encoded(field, &sealed, owner).map(drop),
        };
        match verified {
            Ok(()) => Ok(Outcome::Done),
            Err(error @ ValueError::Malformed { .. }) => self.malformed(stored, error),
            Err(error) => Err(error.into()),
        }
    }

    fn compare(&self, stored: &[u8], owner: Option<&Owner>, beside: Option<&[u8]>) -> Result<Outcome, Reason> {
        if stored.is_empty() {
            return Err(Reason::Differs);
        }
        let outcome = self.change(stored, owner)?;
        if outcome != Outcome::Done {
            return Ok(outcome);
        }
        let Subject { vault, field, .. } = &self.subject;
        let decode_error = |source| ValueError::Decode { field: (*field).into(), source };
        let beside = plain::from_plain(field.class(), beside.ok_or(Reason::Differs)?).map_err(decode_error)?;
        let opened = vault.open_encoded(field, &self.subject.sealed(stored)?, owner)?;
        if plain::is_same(field.class(), &opened, &beside) { Ok(outcome) } else { Err(Reason::Differs) }
    }
}
