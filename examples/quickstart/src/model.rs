//! The clinic's model: which columns are encrypted, and how they are searched.

use diesel::prelude::*;
use diesel_encrypted::Json;
use diesel_encrypted::prelude::*;
use serde::{Deserialize, Serialize};

use crate::schema::patients;

/// A patient, as it is loaded. Declares the encrypted columns.
#[derive(Queryable, Selectable, Identifiable, Encrypted)]
#[diesel(table_name = patients, check_for_backend(diesel::sqlite::Sqlite))]
pub struct Patient {
    pub id: i32,
    pub name: String,
    #[encrypt]
    #[searchable(normalize = "lowercase")]
    pub email: Encrypted<String, patients::email>,
    #[encrypt]
    #[searchable(normalize = "digits")]
    pub phone: Option<Encrypted<String, patients::phone>>,
    #[encrypt(pad = 64)]
    pub chart: Encrypted<Json<Chart>, patients::chart>,
}

/// What the doctor writes down.
#[derive(Clone, Serialize, Deserialize)]
pub struct Chart {
    pub diagnosis: String,
    pub allergies: Vec<String>,
}

/// A patient to be inserted. It borrows, and declares nothing anew.
#[derive(Insertable, Encrypted)]
#[diesel(table_name = patients)]
#[encrypted(columns_of = Patient)]
pub struct NewPatient<'a> {
    pub name: &'a str,
    #[encrypt]
    pub email: Encrypted<&'a str, patients::email>,
    #[encrypt]
    pub phone: Option<Encrypted<&'a str, patients::phone>>,
    #[encrypt]
    pub chart: Encrypted<Json<Chart>, patients::chart>,
}

impl<'a> NewPatient<'a> {
    pub fn new(name: &'a str, email: &'a str, phone: Option<&'a str>, diagnosis: &str, allergies: &[&str]) -> Self {
        let chart = Chart {
            diagnosis: diagnosis.to_owned(),
            allergies: allergies.iter().map(|allergy| (*allergy).to_owned()).collect(),
        };
        Self {
            name,
            email: Encrypted::new(email),
            phone: phone.map(Encrypted::new),
            chart: Encrypted::new(Json(chart)),
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel_encrypted::sql::{self, Dialect};

    use super::Patient;

    /// The migration was written by this call. Run it again after the model has changed, for the next migration.
    #[test]
    fn the_migration_has_the_indexes_and_guards_that_the_model_asks_for() {
        let sql = sql::of::<Patient>(Dialect::Sqlite).unique("email", "default");
        let up = include_str!("../migrations/2026-01-10-000000_patients/up.sql");
        let down = include_str!("../migrations/2026-01-10-000000_patients/down.sql");
        assert!(up.ends_with(&sql.up().unwrap()), "up.sql has to end with\n{}", sql.up().unwrap());
        assert!(down.starts_with(&sql.down().unwrap()), "down.sql has to begin with\n{}", sql.down().unwrap());
    }
}
