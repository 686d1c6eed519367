//! The tables, by the migrations of the database at hand.

use diesel_encrypted::Dialect;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::Result;
use crate::connection::AnyConnection;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const MYSQL: EmbeddedMigrations = embed_migrations!("migrations/mysql");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Makes the clinic's tables and the key tables. Those that are there already stay as they are.
pub fn create(conn: &mut AnyConnection) -> Result<()> {
    let dialect = conn.dialect();
    conn.run_pending_migrations(diesel_encrypted::key_tables().on(dialect))?;
    conn.run_pending_migrations(match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Mysql => MYSQL,
        _ => SQLITE,
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

    use diesel_encrypted::{Dialect, sql};

    use crate::model::{Patient, Visit};

    /// What the migrations say beside the tables themselves was written by these calls.
    #[test]
    fn the_migrations_have_the_indexes_and_guards_that_the_models_ask_for() {
        macro_rules! migration {
            ($folder:literal) => {
                ["up", "down"].map(|file| {
                    let path =
                        concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $folder, "/2026-01-10-000000_clinic");
                    std::fs::read_to_string(format!("{path}/{file}.sql")).unwrap()
                })
            };
        }
        for (dialect, [up, down]) in [
            (Dialect::Postgres, migration!("postgres")),
            (Dialect::Mysql, migration!("mysql")),
            (Dialect::Sqlite, migration!("sqlite")),
        ] {
            let (patients, visits) =
                (sql::of::<Patient>(dialect).unique("email", "default"), sql::of::<Visit>(dialect));
            let expected = patients.up().unwrap() + &visits.up().unwrap();
            assert!(up.ends_with(&expected), "{dialect:?}: up.sql has to end with\n{expected}");
            let expected = visits.down().unwrap() + &patients.down().unwrap();
            assert!(down.starts_with(&expected), "{dialect:?}: down.sql has to begin with\n{expected}");
        }
    }
}
