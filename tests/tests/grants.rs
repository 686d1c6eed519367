//! What the application's own role has to be granted, on servers that know roles, and what it is told without.

#![cfg(any(feature = "postgres", feature = "mysql"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{KeyStoreConnection, LocalRootKey, RootKeyId, StoreError, VaultBuilder, VaultError, key_tables};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{Chart, Patient, Visit, patient, patients};
use diesel_encrypted_tests::scratch::Scratch;

const READ: &str = "GRANT SELECT ON";
const WRITE: &str = "GRANT SELECT, INSERT, UPDATE, DELETE ON";

/// A database of the tables, and a role that may do nothing in it yet.
struct Guest<C: Backend> {
    owner: Scratch<C>,
    name: String,
    /// What ends the role, after the connections that have it.
    end: String,
    connect: fn(&Self) -> C,
}

impl<C: Backend + KeyStoreConnection> Guest<C> {
    fn run(&mut self, statement: &str) {
        self.owner.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    fn grant(&mut self, what: &str, tables: &[&str]) {
        for table in tables {
            self.run(&format!("{what} {table} TO {}", self.name));
        }
    }

    /// Makes the key tables, as a migration does.
    fn migrate(&mut self) {
        self.run(&key_tables().up(C::DIALECT));
    }

    fn open(&self, builder: VaultBuilder) -> Result<Vault, VaultError> {
        builder.open(&mut (self.connect)(self))
    }
}

impl<C: Backend> Drop for Guest<C> {
    fn drop(&mut self) {
        self.owner.batch_execute(&self.end).unwrap();
    }
}

fn role() -> String {
    let random = Secret::generate().unwrap();
    let random: String = random.expose_bytes().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("encrypted_test_{random}")
}

#[cfg(feature = "postgres")]
fn postgres() -> Guest<PgConnection> {
    let (mut owner, name) = (diesel_encrypted_tests::clinic::postgres(), role());
    owner.batch_execute(&format!("CREATE ROLE {name}")).unwrap();
    let end = format!("DROP OWNED BY {name}; DROP ROLE {name}");
    let connect = |guest: &Guest<PgConnection>| {
        let mut connection = guest.owner.connect();
        connection.batch_execute(&format!("SET ROLE {}", guest.name)).unwrap();
        connection
    };
    Guest { owner, name, end, connect }
}

#[cfg(feature = "mysql")]
fn mysql() -> Guest<MysqlConnection> {
    let (mut owner, name) = (diesel_encrypted_tests::clinic::mysql(), role());
    owner.batch_execute(&format!("CREATE USER {name} IDENTIFIED BY '{name}'")).unwrap();
    let end = format!("DROP USER {name}");
    let connect = |guest: &Guest<MysqlConnection>| {
        let (scheme, rest) = guest.owner.url().split_once("://").unwrap();
        let (_, address) = rest.rsplit_once('@').unwrap();
        let name = &guest.name;
        MysqlConnection::establish(&format!("{scheme}://{name}:{name}@{address}")).unwrap()
    };
    // To see its database at all.
    owner.batch_execute(&format!("GRANT SELECT ON visits TO {name}")).unwrap();
    Guest { owner, name, end, connect }
}

macro_rules! grants {
    ($($backend:ident: $feature:literal),*) => {$(
        #[cfg(feature = $feature)]
        mod $backend {
            use super::*;

            fn builder() -> VaultBuilder {
                let root = LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[7; 32]).unwrap());
                Vault::builder(RootKeys::new(root)).model::<Patient>().model::<Chart>().model::<Visit>()
            }

            #[test]
            fn four_rights_on_the_key_tables_are_enough() {
                let mut guest = super::$backend();
                guest.migrate();
                guest.grant(WRITE, &["encryption_keys", "encrypted_columns", "encryption_audit", "patients"]);
                guest.grant(READ, &["visits"]);
                let vault = guest.open(builder()).unwrap();
                let conn = &mut (guest.connect)(&guest);
                let found = vault.enter(|| {
                    diesel::insert_into(patients::table).values(patient(1, "Ada@example.org")).execute(conn)?;
                    patients::table.filter(patients::email.blind_eq("ada@example.org")).select(patients::id).load(conn)
                });
                assert_eq!(found, Ok(vec![1]));
            }

            #[test]
            fn a_vault_whose_keys_are_there_only_reads() {
                let mut guest = super::$backend();
                builder().open(&mut *guest.owner).unwrap();
                guest.grant(READ, &["encryption_keys", "encrypted_columns", "encryption_audit", "patients", "visits"]);
                guest.open(builder()).unwrap();
            }

            #[test]
            fn a_role_that_may_make_no_tables_is_told_of_the_migration() {
                let mut guest = super::$backend();
                guest.grant(READ, &["patients", "visits"]);
                let error = guest.open(builder()).unwrap_err();
                assert!(matches!(error, VaultError::Store(StoreError::TablesMissing { .. })), "{error}");
            }

            #[test]
            fn a_role_that_may_only_read_is_told_what_it_cannot_write() {
                let mut guest = super::$backend();
                guest.migrate();
                guest.grant(READ, &["encryption_keys", "encrypted_columns", "encryption_audit", "patients", "visits"]);
                let error = guest.open(builder()).unwrap_err();
                assert!(matches!(error, VaultError::Store(StoreError::NotWritten { .. })), "{error}");
            }

            #[test]
            fn a_column_that_may_not_be_read_is_named() {
                let mut guest = super::$backend();
                guest.migrate();
                guest.grant(WRITE, &["encryption_keys", "encrypted_columns", "encryption_audit"]);
                guest.grant(READ, &["visits"]);
                let error = guest.open(builder()).unwrap_err();
                let named = matches!(&error, VaultError::Store(StoreError::NoColumn { table, .. }) if table == "patients");
                assert!(named, "{error}");
            }
        }
    )*};
}

grants!(postgres: "postgres", mysql: "mysql");
