//! Keys are made once, by whoever comes first, and are found again.

use std::process::{Command, Stdio};

use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_encrypted::keys::Purpose;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{
    Class, Field, Index, Normalizer, Storage, StoreError, VaultError, encryption_error, key_tables,
};
use diesel_encrypted_tests::clinic::{Patient, patient, patients};
use diesel_encrypted_tests::scratch::Scratch;

use crate::{builder, database, one};

const URL: &str = "KEY_STORE_TEST_URL";
const ID: &str = "KEY_STORE_TEST_ID";

static GONE: Field = Field::new("patients.gone", "patients", "gone", Class::Text, Storage::Binary);
static NOWHERE: Field = Field::new("nowhere.email", "nowhere", "email", Class::Text, Storage::Binary);
static EMAIL: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
    .indexes(&[Index::new("default").domain("address").normalize(&[Normalizer::Lowercase])]);
static CONTACT: Field = Field::new("visits.contact", "visits", "contact", Class::Text, Storage::Binary)
    .indexes(&[Index::new("default").domain("address")]);

macro_rules! opening {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            fn insert(connection: &mut $connection, vault: &Vault, id: i32, email: &str) {
                let insert = diesel::insert_into(patients::table);
                let inserted = vault.enter(|| insert.values(&patient(id, email)).execute(connection));
                assert_eq!(inserted.unwrap(), 1);
            }

            fn find(connection: &mut $connection, vault: &Vault, email: &str) -> Option<i32> {
                let found = || patients::table.filter(patients::email.blind_eq(email)).select(patients::id).first(connection);
                vault.enter(found).optional().unwrap()
            }

            fn count(connection: &mut $connection, table: &str) -> i64 {
                let counted = diesel::dsl::sql::<diesel::sql_types::BigInt>(&format!("SELECT count(*) FROM {table}"));
                counted.get_result(connection).unwrap()
            }

            #[test]
            fn a_vault_opened_again_reads_what_was_written() {
                let mut connection: Scratch<$connection> = database();
                let vault = builder().open(&mut *connection).unwrap();
                insert(&mut connection, &vault, 1, "Ada@example.org");
                let again = &mut connection.connect();
                let vault = builder().open(again).unwrap();
                assert_eq!(find(again, &vault, "ADA@EXAMPLE.ORG"), Some(1));
                let ada: Patient = vault.enter(|| patients::table.select(Patient::as_select()).first(again)).unwrap();
                assert_eq!(ada.email.expose(), "Ada@example.org");
            }

            /// A process of its own: opens the database that the variable names and inserts one row. Does nothing otherwise.
            #[test]
            fn child_process() {
                let Ok(url) = std::env::var(URL) else { return };
                let id: i32 = std::env::var(ID).unwrap().parse().unwrap();
                let connection = &mut <$connection>::establish(&url).unwrap();
                let vault = builder().open(connection).unwrap();
                if !url.contains("://") {
                    diesel::sql_query("PRAGMA busy_timeout = 20000").execute(connection).unwrap();
                }
                insert(connection, &vault, id, &format!("{id}@example.org"));
            }

            #[test]
            fn processes_that_open_an_empty_database_at_once_agree_on_one_key() {
                let mut connection: Scratch<$connection> = database();
                let children = (1..=6).map(|id: i32| {
                    Command::new(std::env::current_exe().unwrap())
                        .args(["--exact", concat!("opening::", stringify!($backend), "::child_process"), "--nocapture"])
                        .env(URL, connection.url())
                        .env(ID, id.to_string())
                        .stdout(Stdio::null())
                        .spawn()
                        .unwrap()
                });
                for mut child in children.collect::<Vec<_>>() {
                    assert!(child.wait().unwrap().success());
                }
                let vault = builder().open(&mut *connection).unwrap();
                for id in 1..=6 {
                    assert_eq!(find(&mut connection, &vault, &format!("{id}@example.org")), Some(id));
                }
                let actives = count(&mut connection, "encryption_keys WHERE state = 2");
                let names = count(&mut connection, "(SELECT DISTINCT purpose, name FROM encryption_keys) AS names");
                assert_eq!(actives, names);
                assert_eq!(count(&mut connection, "encryption_keys"), names, "no key was made twice");
            }

            #[test]
            fn keys_are_not_made_inside_of_a_transaction() {
                let connection: &mut $connection = &mut database();
                let refused = connection.transaction(|connection| QueryResult::Ok(builder().open(connection)));
                let error = refused.unwrap().unwrap_err();
                assert!(matches!(error, VaultError::Store(StoreError::InTransaction)), "{error}");
                builder().open(connection).unwrap();
                let opened = connection.transaction(|connection| QueryResult::Ok(builder().open(connection).is_ok()));
                assert!(opened.unwrap(), "with every key made, a vault opens inside of a transaction");
            }

            #[test]
            fn the_migration_makes_the_tables_and_drops_them() {
                let connection: &mut $connection = &mut database();
                let migrations: Vec<Box<dyn Migration<<$connection as Connection>::Backend>>> =
                    key_tables().migrations().unwrap();
                assert_eq!(migrations.len(), 1);
                migrations[0].run(connection).unwrap();
                assert_eq!((count(connection, "encryption_keys"), count(connection, "encrypted_columns")), (0, 0));
                builder().open(connection).unwrap();
                assert!(count(connection, "encryption_keys") > 0);
                migrations[0].revert(connection).unwrap();
                assert!(diesel::sql_query("SELECT 1 FROM encryption_keys").execute(connection).is_err());
            }

            #[test]
            fn a_table_or_column_that_does_not_exist_is_named() {
                let connection: &mut $connection = &mut database();
                for field in [&GONE, &NOWHERE] {
                    let error = one(field).open(connection).unwrap_err();
                    let named = matches!(&error, VaultError::Store(StoreError::NoColumn { table, column, .. })
                        if table == field.table() && column == field.column());
                    assert!(named, "{error}");
                }
                let made = diesel::sql_query("SELECT 1 FROM encrypted_columns").execute(connection);
                assert!(made.is_err(), "nothing is made for a vault that does not open");
            }

            #[test]
            fn two_active_keys_of_one_name_cannot_be_stored() {
                let connection: &mut $connection = &mut database();
                builder().open(connection).unwrap();
                let copy = diesel::sql_query(
                    "INSERT INTO encryption_keys SELECT key_id + 1, application, purpose, name, scope, version + 1, \
                     state, active_slot, index_spec, root_id, root_fingerprint, wrapped, check_value, mac, 0 \
                     FROM encryption_keys LIMIT 1",
                );
                let error = copy.execute(connection).unwrap_err();
                let unique = matches!(error, DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _));
                assert!(unique, "{error}");
            }

            #[test]
            fn columns_of_one_domain_must_be_indexed_alike() {
                let connection: &mut $connection = &mut database();
                let error = one(&EMAIL).field(&CONTACT).open(connection).unwrap_err();
                let named = matches!(&error, VaultError::DomainMismatch { domain, .. } if domain == "domain:address");
                assert!(named, "{error}");
            }

            #[test]
            fn a_pinned_version_refuses_a_table_that_is_rolled_back() {
                let connection: &mut $connection = &mut database();
                let pinned = |version| builder().minimum_version(Purpose::Encrypt, "patients.email", version);
                let error = pinned(1).open(connection).unwrap_err();
                assert!(matches!(error, VaultError::RolledBack { minimum: 1, found: 0, .. }), "a pinned key must be there");
                builder().open(connection).unwrap();
                pinned(1).open(connection).unwrap();
                let error = pinned(2).open(connection).unwrap_err();
                assert!(matches!(error, VaultError::RolledBack { minimum: 2, found: 1, .. }), "{error}");
            }

            #[test]
            fn tenants_in_one_database_have_keys_of_their_own() {
                let connection: &mut $connection = &mut database();
                let a = builder().scope("a").open(connection).unwrap();
                let b = builder().scope("b").open(connection).unwrap();
                insert(connection, &a, 1, "x@example.org");
                insert(connection, &b, 2, "x@example.org");
                assert_eq!(find(connection, &a, "x@example.org"), Some(1));
                assert_eq!(find(connection, &b, "x@example.org"), Some(2));
                let read = b.enter(|| patients::table.find(1).select(Patient::as_select()).first(connection));
                let error = read.unwrap_err();
                assert!(encryption_error(&error).is_some(), "{error}");
            }
        }
    };
}

diesel_encrypted_tests::on_each!(opening);
