//! The key tables as a migration, for applications that make every table by their migration harness.

use std::fmt;

use diesel::{
    connection::BoxableConnection,
    migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result},
};

use super::{statement::Words, tables};
use crate::backend::{Dialect, KnownBackend};

/// A source of one migration, which makes `encryption_keys`, `encrypted_columns`, `encryption_audit` and, for
/// [maintenance](crate::maintenance), `encryption_jobs`:
///
/// ```
/// use diesel::prelude::*;
/// use diesel_migrations::MigrationHarness;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let mut connection = SqliteConnection::establish(":memory:")?;
/// connection.run_pending_migrations(diesel_encrypted::key_tables())?;
/// # Ok(())
/// # }
/// ```
///
/// Opening a vault makes the tables too where they are missing; run the migration where the application's own database
/// role may not. Reverting it drops all of them, and with the keys every sealed value becomes unreadable.
#[must_use]
pub const fn key_tables() -> KeyTables {
    KeyTables::of(&TableSet {
        version: "00000000000001",
        name: "key_tables",
        create: &[tables::CREATE, &[tables::CREATE_JOBS]],
        drop: &tables::DROP,
    })
}

/// Tables that are made together.
#[derive(Debug)]
pub(crate) struct TableSet {
    /// The version of their migration.
    pub(crate) version: &'static str,
    /// The function that gives it.
    pub(crate) name: &'static str,
    pub(crate) create: &'static [&'static [Words]],
    pub(crate) drop: &'static [&'static str],
}

/// A migration that makes tables of ours: what [`key_tables`] gives.
#[derive(Clone, Copy, Debug)]
pub struct KeyTables {
    set: &'static TableSet,
    dialect: Option<Dialect>,
}

impl KeyTables {
    pub(crate) const fn of(set: &'static TableSet) -> Self {
        Self { set, dialect: None }
    }

    /// Says which database the migration is for. Only a `MultiConnection`, whose type does not tell, needs it.
    #[must_use]
    pub const fn on(self, dialect: Dialect) -> Self {
        Self { dialect: Some(dialect), ..self }
    }

    /// The statements that make the tables, for a migration folder of the application's own.
    #[must_use]
    pub fn up(&self, dialect: Dialect) -> String {
        self.set.create.iter().copied().flatten().map(|table| table(dialect) + ";\n").collect()
    }

    /// The statements that drop the tables.
    #[must_use]
    pub fn down(&self) -> String {
        self.set.drop.iter().map(|statement| format!("{statement};\n")).collect()
    }
}

impl fmt::Display for KeyTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_diesel_encrypted_{}", self.set.version, self.set.name)
    }
}

impl MigrationName for KeyTables {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(self.set.version)
    }
}

impl MigrationMetadata for KeyTables {}

impl<DB: KnownBackend> Migration<DB> for KeyTables {
    fn run(&self, connection: &mut dyn BoxableConnection<DB>) -> Result<()> {
        let Some(dialect) = self.dialect.or(DB::DIALECT) else {
            let name = self.set.name;
            return Err(format!(
                "this connection leads to databases of several kinds: write `{name}().on(Dialect::..)`, with the one that \
                 it is open to"
            )
            .into());
        };
        Ok(connection.batch_execute(&self.up(dialect))?)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<DB>) -> Result<()> {
        Ok(connection.batch_execute(&self.down())?)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl<DB: KnownBackend> MigrationSource<DB> for KeyTables {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<DB>>>> {
        Ok(vec![Box::new(*self)])
    }
}
