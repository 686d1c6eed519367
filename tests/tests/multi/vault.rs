//! Opening a vault over the connection itself, and the key tables as a migration.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{Dialect, LocalRootKey, RootKeyId, StoreError, VaultBuilder, VaultError, key_tables};
use diesel_encrypted_tests::clinic::{Chart, Patient, Visit, patient, patients};

use super::{AnyConnection, Database, MultiBackend, on_each};

fn builder(key: [u8; 32]) -> VaultBuilder {
    let root = LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&key).unwrap());
    Vault::builder(RootKeys::new(root)).model::<Patient>().model::<Chart>().model::<Visit>()
}

fn migration(tables: diesel_encrypted::KeyTables) -> Box<dyn Migration<MultiBackend>> {
    tables.migrations().unwrap().pop().unwrap()
}

fn keys<T>(database: &Database<T>) -> i64 {
    let count = diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT count(*) FROM encryption_keys");
    count.get_result(&mut database.connect()).unwrap()
}

macro_rules! suite {
    ($name:ident, $fresh:path) => {
        mod $name {
            use super::*;

            #[test]
            fn a_vault_makes_its_tables_and_keys_and_finds_them_again() {
                let database = $fresh();
                let conn = &mut database.connect();
                let vault = builder([7; 32]).open(conn).unwrap();
                vault.enter(|| diesel::insert_into(patients::table).values(&patient(1, "ada@x")).execute(conn)).unwrap();
                let made = keys(&database);
                assert!(made > 9, "{made} rows");

                let conn = &mut database.connect();
                let vault = builder([7; 32]).open(conn).unwrap();
                assert_eq!(keys(&database), made);
                let found: Patient = vault
                    .enter(|| patients::table.filter(patients::email.blind_eq("ADA@X")).select(Patient::as_select()).first(conn))
                    .unwrap();
                assert_eq!(found.email.expose(), "ada@x");
                assert!(matches!(builder([8; 32]).open(conn), Err(VaultError::WrongRootKey { .. })));
            }

            #[test]
            fn keys_are_not_made_within_a_transaction() {
                let database = $fresh();
                let conn = &mut database.connect();
                conn.batch_execute(&key_tables().up(database.dialect)).unwrap();
                let opened = conn.transaction(|conn| QueryResult::Ok(builder([7; 32]).open(conn))).unwrap();
                assert!(matches!(opened, Err(VaultError::Store(StoreError::InTransaction))));
                assert_eq!(keys(&database), 0);
            }

            #[test]
            fn processes_that_open_one_empty_database_at_once_agree() {
                let database = $fresh();
                let mut connections: [_; 6] = std::array::from_fn(|_| database.connect());
                let [first, second, ..] = std::thread::scope(|scope| {
                    let open = |conn| scope.spawn(|| builder([7; 32]).open(conn).unwrap());
                    connections.each_mut().map(open).map(|thread| thread.join().unwrap())
                });
                let conn = &mut database.connect();
                first.enter(|| diesel::insert_into(patients::table).values(&patient(1, "ada@x")).execute(conn)).unwrap();
                let found = second.enter(|| {
                    patients::table.filter(patients::email.blind_eq("ada@x")).select(Patient::as_select()).load(conn)
                });
                assert_eq!(found.unwrap().len(), 1);
            }

            #[test]
            fn the_key_tables_are_a_migration_that_is_told_its_database() {
                let database = $fresh();
                let conn = &mut database.connect();
                let untold = migration(key_tables()).run(conn).unwrap_err().to_string();
                assert!(untold.contains("write `key_tables().on(Dialect::..)`"), "{untold}");
                let told = migration(key_tables().on(database.dialect));
                told.run(conn).unwrap();
                builder([7; 32]).open(conn).unwrap();
                told.revert(conn).unwrap();
                let gone = diesel::sql_query("SELECT key_id FROM encryption_keys").execute(conn);
                assert!(gone.is_err());
            }

            #[test]
            fn a_table_that_is_missing_is_named() {
                let database = $fresh();
                let conn = &mut database.connect();
                diesel::sql_query("DROP TABLE visits").execute(conn).unwrap();
                let opened = builder([7; 32]).open(conn);
                assert!(
                    matches!(&opened, Err(VaultError::Store(StoreError::NoColumn { table, .. })) if table == "visits"),
                    "{opened:?}"
                );
            }
        }
    };
}

on_each!(suite);

#[test]
fn each_database_is_told_its_own_types() {
    let up = |dialect| key_tables().up(dialect);
    assert!(up(Dialect::Postgres).contains("BYTEA"));
    assert!(up(Dialect::Mysql).contains("VARBINARY"));
    assert!(!up(Dialect::Sqlite).contains("BYTEA"));
    let _: fn(&str) -> ConnectionResult<AnyConnection> = AnyConnection::establish;
}
