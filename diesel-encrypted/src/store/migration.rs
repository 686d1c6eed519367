//! The key tables as a migration, for applications that make every table by their migration harness.

use std::fmt;

use diesel::{
    connection::BoxableConnection,
    migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result},
};

use super::tables;
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
    KeyTables { dialect: None }
}

/// What [`key_tables`] gives.
#[derive(Clone, Copy, Debug)]
pub struct KeyTables {
    dialect: Option<Dialect>,
}

impl KeyTables {
    const VERSION: &'static str = "00000000000001";

    /// Says which database the migration is for. Only a `MultiConnection`, whose type does not tell, needs it.
    #[must_use]
    pub const fn on(self, dialect: Dialect) -> Self {
        Self { dialect: Some(dialect) }
    }

    /// The statements that make the tables, for a migration folder of the application's own.
    #[must_use]
    pub fn up(&self, dialect: Dialect) -> String {
        let [keys, columns, audit] = tables::CREATE;
        script([keys, columns, audit, tables::CREATE_JOBS].map(|table| table(dialect)))
    }

    /// The statements that drop the tables.
    #[must_use]
    pub fn down(&self) -> String {
        script(tables::DROP.map(str::to_owned))
    }
}

fn script(statements: [String; 4]) -> String {
    statements.map(|statement| statement + ";\n").concat()
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

impl<DB: KnownBackend> Migration<DB> for KeyTables {
    fn run(&self, connection: &mut dyn BoxableConnection<DB>) -> Result<()> {
        let Some(dialect) = self.dialect.or(DB::DIALECT) else {
            return Err(
                "this connection leads to databases of several kinds: write `key_tables().on(Dialect::..)`, with \
                        the one that it is open to"
                    .into(),
            );
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
