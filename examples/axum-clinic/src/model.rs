//! The model: which columns are encrypted, how they are searched, and in which forms a row is used.

use diesel::prelude::*;
use diesel_encrypted::{ValueError, prelude::*};
use serde::{Deserialize, Serialize};

use crate::{error::Error, schema::patients};

/// A patient as the database has it. Declares the encrypted columns.
///
/// The columns are `Sealed`, not `Encrypted`: loading a row opens nothing, so that a damaged one does not cost the list.
#[derive(Queryable, Selectable, Encrypted)]
#[diesel(table_name = patients, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Patient {
    pub id: i64,
    #[encrypt]
    name: Sealed<String, patients::name>,
    #[encrypt]
    #[searchable(normalize("trim", "lowercase"))]
    email: Sealed<String, patients::email>,
    #[encrypt]
    phone: Option<Sealed<String, patients::phone>>,
}

/// A patient to be written. It borrows what a client has sent.
#[derive(Insertable, AsChangeset, Encrypted)]
#[diesel(table_name = patients)]
#[encrypted(columns_of = Patient)]
pub struct NewPatient<'a> {
    #[encrypt]
    name: Encrypted<&'a str, patients::name>,
    #[encrypt]
    email: Encrypted<&'a str, patients::email>,
    #[encrypt]
    phone: Encrypted<Option<&'a str>, patients::phone>,
}

/// A patient as clients send it. It has no `Debug`, so that no log line can show it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatientInput {
    name: String,
    email: String,
    phone: Option<String>,
}

/// A patient as clients see it: the one place where plaintext leaves the program.
#[derive(Serialize)]
pub struct PatientView {
    id: i64,
    name: String,
    email: String,
    phone: Option<String>,
}

impl PatientInput {
    /// What is wrong with it, in words that do not repeat it.
    pub fn validate(&self) -> Result<(), &'static str> {
        if self.name.trim().is_empty() || self.name.chars().count() > 100 {
            return Err("`name` has to have 1 to 100 characters");
        }
        let email = self.email.trim();
        if email.len() > 254 || email.split_once('@').is_none_or(|(local, host)| local.is_empty() || host.is_empty()) {
            return Err("`email` has to be an address such as ada@example.org");
        }
        if self.phone.as_ref().is_some_and(|phone| phone.len() > 40 || !phone.contains(|c: char| c.is_ascii_digit())) {
            return Err("`phone` has to be a number of at most 40 characters");
        }
        Ok(())
    }
}

impl<'a> From<&'a PatientInput> for NewPatient<'a> {
    fn from(input: &'a PatientInput) -> Self {
        Self {
            name: Encrypted::new(&input.name),
            email: Encrypted::new(&input.email),
            phone: Encrypted::new(input.phone.as_deref()),
        }
    }
}

impl Patient {
    /// Opens every value. The log names the row of one that does not open; the library's error names its column and key.
    pub fn open(&self) -> Result<PatientView, Error> {
        self.values().map_err(|error| {
            tracing::error!(patient = self.id, %error, "a patient cannot be shown");
            Error::Value(error)
        })
    }

    fn values(&self) -> Result<PatientView, ValueError> {
        Ok(PatientView {
            id: self.id,
            name: self.name.open()?,
            email: self.email.open()?,
            phone: self.phone.as_ref().map(Sealed::open).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use diesel_encrypted::sql::{self, Dialect};

    use super::Patient;

    /// The migrations were written by this call. Run it again after the model has changed, for the next migration.
    #[test]
    fn the_migrations_have_the_indexes_and_guards_that_the_model_asks_for() {
        for (dialect, up) in [
            (Dialect::Postgres, include_str!("../migrations/postgres/2026-01-10-000000_patients/up.sql")),
            (Dialect::Sqlite, include_str!("../migrations/sqlite/2026-01-10-000000_patients/up.sql")),
        ] {
            let expected = sql::of::<Patient>(dialect).unique("email", "default").up().unwrap();
            assert!(up.ends_with(&expected), "up.sql on {dialect:?} has to end with\n{expected}");
        }
    }
}
