//! Backfilling: what stands in the clear is sealed, in place or from the column that it stood in before.

use diesel_encrypted_core::{Owner, Plaintext, ValueError, value::plain};

use super::{
    Action, Column, Forbidden, Header, MaintenanceError, Operation, Outcome, Reason, Subject, Table, Transform,
};

/// Seals plaintext: in place, or from another column into the encrypted one.
#[derive(Clone, Debug, Default)]
pub struct Backfill {
    pub(in crate::maintenance) from: Option<String>,
    /// Columns that refuse plaintext, and whose plaintext is sealed all the same.
    pub(in crate::maintenance) strict: Vec<(String, String)>,
}

impl Operation for Backfill {
    const NAME: &'static str = "backfill";
    const FOR_HOLDERS: bool = false;

    fn for_one_column(&self) -> Option<&'static str> {
        self.from.is_some().then_some("from")
    }

    fn transform(&self, subject: Subject) -> Result<Box<dyn Transform>, MaintenanceError> {
        subject.one_layer(Self::NAME)?;
        subject.active()?;
        subject.can_index()?;
        let field = subject.field;
        if subject.vault.scope().is_some() && !subject.filtered {
            return Err(MaintenanceError::Scoped { field: field.id().to_owned() });
        }
        let named = self.strict.iter().any(|(table, column)| table == field.table() && column == field.column());
        let allowed = named || self.from.is_some() || field.declared_plaintext() == Plaintext::Accept;
        Ok(Box::new(Backfilling { subject, from: self.from.clone(), allowed }))
    }
}

struct Backfilling {
    subject: Subject,
    from: Option<String>,
    /// Whether plaintext may be sealed.
    allowed: bool,
}

impl Transform for Backfilling {
    fn reads(&self) -> Option<&str> {
        self.from.as_deref()
    }

    fn writes(&self) -> Option<&str> {
        self.from.as_ref().map(|_| self.subject.field.column())
    }

    fn action(&self) -> Option<Action> {
        Some(Action::Set)
    }

    /// In place, what is not sealed, and what is sealed with a key of the application's that this database does not have.
    fn wants(&self, header: &Header<'_>, table: &Table) -> Result<String, MaintenanceError> {
        Ok(match &self.from {
            None => {
                let known = format!("NOT ({} OR {})", header.names(&self.subject.known), header.is_of_holder());
                header.case(&known, "true")
            }
            Some(from) => {
                let from = table.quoted(&table.column(from)?.name);
                format!("{from} IS NOT NULL AND {} IS NULL", header.column())
            }
        })
    }

    fn forbids(&self, header: &Header<'_>, _: &Column) -> Option<Forbidden<'_>> {
        if self.allowed {
            return None;
        }
        let field = self.subject.field.id();
        let refusal = move |rows| MaintenanceError::StrictColumn { field: field.to_owned(), rows };
        Some(Forbidden { sql: header.case("false", "true"), refusal: Box::new(refusal) })
    }

    fn parameters(&self) -> String {
        self.from.clone().unwrap_or_default()
    }

    fn change(&self, stored: &[u8], owner: Option<&Owner>) -> Result<Outcome, Reason> {
        let Subject { vault, field, .. } = &self.subject;
        if self.from.is_none() && self.subject.looks_sealed(stored) {
            return Err(Reason::LooksSealed);
        }
        let decode_error = |source| ValueError::Decode { field: (*field).into(), source };
        let encoded = plain::from_plain(field.class(), stored).map_err(decode_error)?;
        let sealed = vault.seal_encoded(field, &encoded, owner)?;
        Ok(Outcome::Write(self.subject.stored(sealed)))
    }
}
