//! Indexes that PostgreSQL builds while the application writes, in migrations of Diesel's.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_encrypted::sql::{self, Dialect, ModelSql, SqlError};
use diesel_encrypted_tests::clinic::{self, Patient};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};

fn indexes() -> ModelSql {
    sql::of::<Patient>(Dialect::Postgres).unique("email", "default").concurrently()
}

/// A folder for each index, as it is to be committed: its statement, what reverts it, and perhaps the metadata.
fn write_migrations(folder: &Path, metadata: Option<&str>) {
    let down = indexes().drop_indexes();
    for (number, (up, down)) in indexes().indexes().unwrap().into_iter().zip(down).enumerate() {
        let folder = folder.join(format!("2026-01-10-00000{number}_index_{number}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("up.sql"), up).unwrap();
        std::fs::write(folder.join("down.sql"), down).unwrap();
        if let Some(metadata) = metadata {
            std::fs::write(folder.join("metadata.toml"), metadata).unwrap();
        }
    }
}

fn valid_indexes(conn: &mut PgConnection) -> i64 {
    let valid = diesel::dsl::sql::<diesel::sql_types::BigInt>(
        "SELECT count(*) FROM pg_index WHERE indrelid = 'patients'::regclass AND NOT indisprimary AND indisvalid",
    );
    valid.get_result(conn).unwrap()
}

#[test]
fn each_index_is_a_migration_outside_of_a_transaction() {
    let conn: &mut PgConnection = &mut clinic::postgres();
    let folder = tempfile::tempdir().unwrap();
    write_migrations(folder.path(), None);
    let migrations = FileBasedMigrations::from_path(folder.path()).unwrap();
    let error = conn.run_pending_migrations(migrations).unwrap_err().to_string();
    assert!(error.contains("cannot run inside a transaction block"), "{error}");
    assert_eq!(valid_indexes(conn), 0);

    write_migrations(folder.path(), Some("run_in_transaction = false\n"));
    let migrations = FileBasedMigrations::from_path(folder.path()).unwrap();
    conn.run_pending_migrations(migrations.clone()).unwrap();
    assert_eq!(valid_indexes(conn), 5);
    let unique = diesel::dsl::sql::<Bool>(
        "SELECT indisunique FROM pg_index WHERE indexrelid = 'patients_email_default'::regclass",
    );
    assert_eq!(unique.get_result(conn), Ok(true));
    conn.revert_all_migrations(migrations).unwrap();
    assert_eq!(valid_indexes(conn), 0);
}

#[test]
fn they_do_not_stand_in_a_script_with_others() {
    assert_eq!(indexes().up(), Err(SqlError::Concurrently));
    assert_eq!(indexes().down(), Err(SqlError::Concurrently));
}
