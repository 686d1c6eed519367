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
//! Each database gets what lets it find a row by a tag, and keep two apart: PostgreSQL and SQLite an index on the expression
//! that searches use, MySQL and MariaDB an index on a generated column, `email_tag_0` for the first index of `email`, which
//! searches name there. Such a column is invisible to `SELECT *`; a search fails where it is missing.
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

pub(crate) mod check;
pub(crate) mod clear;
mod follow;
pub(crate) mod mysql;
pub(crate) mod names;
mod pieces;
mod postgres;
mod sqlite;

use diesel_encrypted_core::{EncryptedModel, Field, Index, Storage, index::BITS_MAX};

pub use crate::backend::Dialect;
pub use pieces::{Piece, PieceKind, tag_counts};

/// The SQL of one model. Unless told otherwise, every blind index gets an index that is not unique.
#[derive(Clone, Debug)]
#[must_use]
pub struct ModelSql {
    fields: Vec<&'static Field>,
    dialect: Dialect,
    unique: Vec<(String, String)>,
    concurrently: bool,
}

/// The SQL of the model `M`.
pub fn of<M: EncryptedModel>(dialect: Dialect) -> ModelSql {
    of_fields(M::fields().iter().copied(), dialect)
}

/// The SQL of these fields: of a program without the models, those that its vault has by
/// [`registered`](crate::VaultBuilder::registered).
pub fn of_fields(fields: impl IntoIterator<Item = &'static Field>, dialect: Dialect) -> ModelSql {
    ModelSql { fields: fields.into_iter().collect(), dialect, unique: Vec::new(), concurrently: false }
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
    /// The model has no such encrypted column.
    #[error("the model has no encrypted column `{column}`")]
    NoColumn {
        /// The column that was named.
        column: String,
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
    /// Indexes that are built concurrently were to stand in a script with other statements.
    #[error(
        "PostgreSQL builds an index concurrently only by a statement of its own, outside of a transaction: write a migration \
         for each of `.indexes()`, with `run_in_transaction = false` in its metadata.toml, and one for `.guards()`"
    )]
    Concurrently,
}

impl ModelSql {
    /// Makes the index of this column unique: two rows then cannot hold values that are equal after normalisation.
    pub fn unique(mut self, column: &str, index: &str) -> Self {
        self.unique.push((column.to_owned(), index.to_owned()));
        self
    }

    /// Builds the indexes while others go on writing to the table: `CREATE INDEX CONCURRENTLY`, on PostgreSQL alone. SQLite
    /// has nothing like it, and MySQL and MariaDB do so anyway.
    ///
    /// Such a statement stands alone, and outside of a transaction. In a Diesel migration that is a folder for each
    /// statement of [`indexes`](Self::indexes), with nothing else in its `up.sql`, and a `metadata.toml` that says
    /// `run_in_transaction = false`. One that fails leaves an invalid index behind, to be dropped before the next try.
    pub const fn concurrently(mut self) -> Self {
        self.concurrently = true;
        self
    }

    /// `CREATE INDEX` for each blind index, without a final semicolon. On MySQL and MariaDB there is an `ALTER TABLE` before
    /// it, which adds the generated column that searches name.
    ///
    /// # Errors
    /// [`SqlError`] if an index that was to be unique does not exist or cannot be.
    pub fn indexes(&self) -> Result<Vec<String>, SqlError> {
        self.check()?;
        let mut statements = Vec::new();
        for (field, slot, index) in self.each_index() {
            let unique = self.is_unique(field, index);
            match self.dialect {
                Dialect::Sqlite => statements.push(sqlite::create_index(field, slot, index, unique)),
                Dialect::Postgres => {
                    statements.push(postgres::create_index(field, slot, index, unique, self.concurrently));
                }
                Dialect::Mysql => statements.extend(mysql::create_index(field, slot, index, unique)),
            }
        }
        Ok(statements)
    }

    /// What removes the [`indexes`](Self::indexes) again, and on MySQL and MariaDB their generated columns.
    #[must_use]
    pub fn drop_indexes(&self) -> Vec<String> {
        self.each_index()
            .map(|(field, slot, index)| match self.dialect {
                Dialect::Sqlite => sqlite::drop_index(field, index),
                Dialect::Postgres => postgres::drop_index(field, index, self.concurrently),
                Dialect::Mysql => mysql::drop_index(field, slot),
            })
            .collect()
    }

    /// A `CONSTRAINT .. CHECK (..)` for each column, to stand in a `CREATE TABLE`: it refuses anything but NULL and what
    /// has the form of a sealed value. Whether it opens, only the application can tell.
    #[must_use]
    pub fn checks(&self) -> Vec<String> {
        self.fields.iter().map(|field| self.constraint(field)).collect()
    }

    /// The same for a table that exists, whose rows have to be sealed already. SQLite cannot add a constraint to one, so
    /// there these are triggers.
    #[must_use]
    pub fn guards(&self) -> Vec<String> {
        self.fields
            .iter()
            .flat_map(|field| match self.dialect {
                Dialect::Sqlite => sqlite::guards(field),
                Dialect::Postgres | Dialect::Mysql => {
                    vec![format!("ALTER TABLE {} ADD {}", names::table(self.dialect, field), self.constraint(field))]
                }
            })
            .collect()
    }

    /// What removes the [`guards`](Self::guards) again. Nothing removes [`checks`](Self::checks) from a table on SQLite.
    #[must_use]
    pub fn drop_guards(&self) -> Vec<String> {
        self.fields
            .iter()
            .flat_map(|field| match self.dialect {
                Dialect::Sqlite => sqlite::drop_guards(field),
                Dialect::Postgres | Dialect::Mysql => {
                    let table = names::table(self.dialect, field);
                    vec![format!("ALTER TABLE {table} DROP CONSTRAINT {}", self.constraint_name(field))]
                }
            })
            .collect()
    }

    /// `up.sql` of a migration over tables that exist: indexes and guards.
    ///
    /// # Errors
    /// As [`indexes`](Self::indexes), and [`SqlError::Concurrently`] if the indexes are to be built so.
    pub fn up(&self) -> Result<String, SqlError> {
        self.check_script()?;
        Ok(script(self.indexes()?.into_iter().chain(self.guards())))
    }

    /// `down.sql` of the same migration.
    ///
    /// # Errors
    /// As [`up`](Self::up).
    pub fn down(&self) -> Result<String, SqlError> {
        self.check()?;
        self.check_script()?;
        Ok(script(self.drop_guards().into_iter().chain(self.drop_indexes())))
    }

    fn constraint_name(&self, field: &Field) -> String {
        names::quoted(self.dialect, &names::named(field, "sealed"))
    }

    fn constraint(&self, field: &Field) -> String {
        let column = names::quoted(self.dialect, field.column());
        let sealed = check::is_sealed(&words(self.dialect, &column, field.storage()), field.storage());
        format!("CONSTRAINT {} CHECK ({column} IS NULL OR (\n  {sealed}\n))", self.constraint_name(field))
    }

    /// Every index that still has tags, with its field and slot.
    fn each_index(&self) -> impl Iterator<Item = (&'static Field, usize, &'static Index)> {
        self.fields.iter().flat_map(|field| searched_slots(field).map(move |(slot, index)| (*field, slot, index)))
    }

    fn is_unique(&self, field: &Field, index: &Index) -> bool {
        self.unique.iter().any(|(column, name)| column == field.column() && name == index.name())
    }

    const fn check_script(&self) -> Result<(), SqlError> {
        match self.dialect {
            Dialect::Postgres if self.concurrently => Err(SqlError::Concurrently),
            _ => Ok(()),
        }
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

/// How a database asks the parts of a sealed value in `column`, which is quoted.
pub(crate) fn words(dialect: Dialect, column: &str, storage: Storage) -> check::Words {
    match dialect {
        Dialect::Sqlite => sqlite::words(column, storage),
        Dialect::Postgres => postgres::words(column, storage),
        Dialect::Mysql => mysql::words(column, storage),
    }
}

/// The slots of the field that are searched, with their indexes: all but those of removed ones.
pub(crate) fn searched_slots(field: &Field) -> impl Iterator<Item = (usize, &'static Index)> + use<> {
    field.declared_indexes().iter().enumerate().filter(|(_, index)| !index.is_removed())
}

/// The slot as an expression over the column, as searches write it: with its place as literals, or PostgreSQL and SQLite do
/// not see that it is the index's expression.
fn expression(dialect: Dialect, field: &Field, slot: usize) -> String {
    let len = check::slot_len(field.storage());
    let first = match field.storage() {
        Storage::Binary => 4,
        Storage::Text => 5,
    };
    format!("substr({}, {}, {len})", names::quoted(dialect, field.column()), first + len * slot)
}

fn script(statements: impl Iterator<Item = String>) -> String {
    statements.map(|statement| statement + ";\n").collect()
}
