//! SQL for the application's own migrations, from its models: the indexes that searches use, and what keeps anything but
//! sealed values out of a column.
//!
//! ```
//! # use diesel_encrypted::{Class, Field, Index, Storage, sql::{self, Dialect}};
//! # static EMAIL: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
//! #     .indexes(&[Index::new("default")]);
//! # static FIELDS: &[&Field] = &[&EMAIL];
//! # struct Patient;
//! # impl diesel_encrypted::EncryptedModel for Patient {
//! #     fn fields() -> &'static [&'static Field] { FIELDS }
//! # }
//! let sql = sql::of::<Patient>(Dialect::Sqlite).unique("email", "default");
//! assert_eq!(
//!     sql.indexes().unwrap(),
//!     ["CREATE UNIQUE INDEX `patients_email_default` ON `patients` (substr(`email`, 4, 15))"]
//! );
//! println!("{}", sql.up().unwrap()); // the indexes, and triggers that refuse what is not sealed
//! ```
//!
//! A test of the application's own is the place for this. It prints the SQL, to be copied into a migration, and notices
//! when a later change of the model needs another:
//!
//! ```no_run
//! # use diesel_encrypted::{Field, sql::{self, Dialect}};
//! # struct Patient;
//! # impl diesel_encrypted::EncryptedModel for Patient {
//! #     fn fields() -> &'static [&'static Field] { &[] }
//! # }
//! fn the_migration_has_the_indexes_and_guards_that_the_model_asks_for() {
//!     let up = sql::of::<Patient>(Dialect::Sqlite).unique("email", "default").up().unwrap();
//!     let migration = std::fs::read_to_string("migrations/2026-01-10-000000_patients/up.sql").unwrap();
//!     assert!(migration.ends_with(&up), "up.sql has to end with\n{up}");
//! }
//! ```

mod check;
mod sqlite;

use diesel_encrypted_core::{EncryptedModel, Field, Index, index::BITS_MAX};

/// The database that SQL is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite 3.35 and later.
    Sqlite,
}

/// The SQL of one model. Unless told otherwise, every blind index gets an index that is not unique.
#[derive(Clone, Debug)]
#[must_use]
pub struct ModelSql {
    fields: &'static [&'static Field],
    dialect: Dialect,
    unique: Vec<(String, String)>,
}

/// The SQL of the model `M`.
pub fn of<M: EncryptedModel>(dialect: Dialect) -> ModelSql {
    ModelSql { fields: M::fields(), dialect, unique: Vec::new() }
}

/// Why there is no SQL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The model has no such blind index.
    #[error("the model has no blind index `{index}` on a column `{column}`: it has {known}")]
    NoIndex {
        /// The column that was named.
        column: String,
        /// The index that was named.
        index: String,
        /// The indexes that there are.
        known: String,
    },
    /// An index that keeps too few bits was to be unique.
    #[error(
        "the blind index `{index}` of `{column}` keeps {bits} bits, so that different values share tags: it cannot be \
         unique. Only an index of all {BITS_MAX} bits can"
    )]
    UniqueTruncated {
        /// The column.
        column: String,
        /// The index.
        index: String,
        /// The bits it keeps.
        bits: u8,
    },
}

impl ModelSql {
    /// Makes the index of this column unique: two rows then cannot hold values that are equal after normalisation.
    pub fn unique(mut self, column: &str, index: &str) -> Self {
        self.unique.push((column.to_owned(), index.to_owned()));
        self
    }

    /// `CREATE INDEX` for each blind index, without a final semicolon.
    ///
    /// # Errors
    /// [`SqlError`] if an index that was to be unique does not exist or cannot be.
    pub fn indexes(&self) -> Result<Vec<String>, SqlError> {
        self.check()?;
        Ok(self
            .each_index()
            .map(|(field, slot, index)| {
                let unique = self.is_unique(field, index);
                match self.dialect {
                    Dialect::Sqlite => sqlite::create_index(field, slot, index, unique),
                }
            })
            .collect())
    }

    /// A `CONSTRAINT .. CHECK (..)` for each column, to stand in a `CREATE TABLE`: it refuses anything but NULL and what
    /// has the form of a sealed value. Whether it opens, only the application can tell.
    #[must_use]
    pub fn checks(&self) -> Vec<String> {
        self.fields
            .iter()
            .map(|field| match self.dialect {
                Dialect::Sqlite => sqlite::check(field),
            })
            .collect()
    }

    /// The same for a table that exists. SQLite cannot add a constraint to one, so these are triggers.
    #[must_use]
    pub fn guards(&self) -> Vec<String> {
        self.fields
            .iter()
            .flat_map(|field| match self.dialect {
                Dialect::Sqlite => sqlite::guards(field),
            })
            .collect()
    }

    /// `up.sql` of a migration over tables that exist: indexes and guards.
    ///
    /// # Errors
    /// As [`indexes`](Self::indexes).
    pub fn up(&self) -> Result<String, SqlError> {
        Ok(script(self.indexes()?.into_iter().chain(self.guards())))
    }

    /// `down.sql` of the same migration.
    ///
    /// # Errors
    /// As [`indexes`](Self::indexes).
    pub fn down(&self) -> Result<String, SqlError> {
        self.check()?;
        let guards = self.fields.iter().flat_map(|field| match self.dialect {
            Dialect::Sqlite => sqlite::drop_guards(field),
        });
        let indexes = self.each_index().map(|(field, _, index)| match self.dialect {
            Dialect::Sqlite => sqlite::drop_index(field, index),
        });
        Ok(script(guards.chain(indexes)))
    }

    /// Every index that still has tags, with its field and slot.
    fn each_index(&self) -> impl Iterator<Item = (&'static Field, usize, &'static Index)> {
        self.fields.iter().flat_map(|field| {
            let slots = field.declared_indexes().iter().enumerate();
            slots.filter(|(_, index)| !index.is_removed()).map(move |(slot, index)| (*field, slot, index))
        })
    }

    fn is_unique(&self, field: &Field, index: &Index) -> bool {
        self.unique.iter().any(|(column, name)| column == field.column() && name == index.name())
    }

    fn check(&self) -> Result<(), SqlError> {
        for (column, name) in &self.unique {
            let found = self.each_index().find(|(field, _, index)| field.column() == column && index.name() == name);
            match found {
                Some((_, _, index)) if index.bit_count() < BITS_MAX => {
                    return Err(SqlError::UniqueTruncated {
                        column: column.clone(),
                        index: name.clone(),
                        bits: index.bit_count(),
                    });
                }
                Some(_) => {}
                None => {
                    let known =
                        self.each_index().map(|(field, _, index)| format!("{}.{}", field.column(), index.name()));
                    let known: Vec<String> = known.collect();
                    return Err(SqlError::NoIndex {
                        column: column.clone(),
                        index: name.clone(),
                        known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
                    });
                }
            }
        }
        Ok(())
    }
}

fn script(statements: impl Iterator<Item = String>) -> String {
    statements.map(|statement| statement + ";\n").collect()
}
