//! The way out: values are opened and written in the clear, in place or into another column.

use diesel_encrypted_core::{DecodeError, Owner, ValueError, value::plain};

use super::{Action, Header, MaintenanceError, Operation, Outcome, Reason, Subject, Table, Transform};

/// Writes values in the clear: over the sealed ones, or into another column.
#[derive(Clone, Debug, Default)]
pub struct Decrypt {
    pub(in crate::maintenance) into: Option<String>,
}

impl Operation for Decrypt {
    const NAME: &'static str = "decrypt";
    const FOR_HOLDERS: bool = true;

    fn for_one_column(&self) -> Option<&'static str> {
        self.into.is_some().then_some("into")
    }

    fn transform(&self, subject: Subject) -> Result<Box<dyn Transform>, MaintenanceError> {
        subject.one_layer(Self::NAME)?;
        Ok(Box::new(Decryption { subject, into: self.into.clone() }))
    }
}

struct Decryption {
    subject: Subject,
    into: Option<String>,
}

impl Transform for Decryption {
    fn writes(&self) -> Option<&str> {
        self.into.as_deref()
    }

    fn action(&self) -> Option<Action> {
        Some(Action::Set)
    }

    fn wants(&self, header: &Header<'_>, table: &Table) -> Result<String, MaintenanceError> {
        let mut sealed = self.subject.under(header, &self.subject.live());
        if let Some(into) = &self.into {
            sealed.push_str(&format!(" AND {} IS NULL", table.quoted(&table.column(into)?.name)));
        }
        Ok(header.case(&sealed, "false"))
    }

    fn parameters(&self) -> String {
        self.into.clone().unwrap_or_default()
    }

    fn change(&self, stored: &[u8], owner: Option<&Owner>) -> Result<Outcome, Reason> {
        let Subject { vault, field, .. } = &self.subject;
        let encoded = vault.open_encoded(field, &self.subject.sealed(stored)?, owner)?;
        let decode_error = |source: DecodeError| ValueError::Decode { field: (*field).into(), source };
        // What is written is plaintext from here on: nothing is left to wipe.
        let plain = plain::to_plain(field.class(), &encoded).map_err(decode_error)?;
        Ok(Outcome::Write(plain.to_vec()))
    }
}
