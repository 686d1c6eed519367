//! The key tables as a migration, for applications that make every table by their migration harness.

use std::fmt;

use diesel::{
    backend::Backend,
    connection::BoxableConnection,
    migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result},
};

use super::tables;

/// A source of one migration, which makes `encryption_keys` and `encrypted_columns`:
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
/// role may not. Reverting it drops both tables, and with the keys every sealed value becomes unreadable.
#[must_use]
pub const fn key_tables() -> KeyTables {
    KeyTables
}

/// What [`key_tables`] gives.
#[derive(Clone, Copy, Debug)]
pub struct KeyTables;

impl KeyTables {
    const VERSION: &'static str = "00000000000001";

    /// The statements that make the tables, for a migration folder of the application's own.
    #[must_use]
    pub fn up(&self) -> String {
        script(&tables::CREATE)
    }

    /// The statements that drop the tables.
    #[must_use]
    pub fn down(&self) -> String {
        script(&tables::DROP)
    }
}

fn script(statements: &[&str]) -> String {
    statements.iter().flat_map(|statement| [*statement, ";\n"]).collect()
}

impl fmt::Display for KeyTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_diesel_encrypted_key_tables", Self::VERSION)
    }
}

impl MigrationName for KeyTables {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(Self::VERSION)
    }
}

impl MigrationMetadata for KeyTables {}

impl<DB: Backend> Migration<DB> for KeyTables {
    fn run(&self, connection: &mut dyn BoxableConnection<DB>) -> Result<()> {
        Ok(connection.batch_execute(&self.up())?)
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

impl<DB: Backend> MigrationSource<DB> for KeyTables {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<DB>>>> {
        Ok(vec![Box::new(*self)])
    }
}
