//! The vault of the process. A test binary of its own: what is installed here stays for every test of it.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use std::{panic, sync::LazyLock, thread};

use diesel::prelude::*;
use diesel_encrypted::{ValueError, VaultError, VaultId, prelude::*};
use diesel_encrypted_tests::clinic::{self, patient, patients};

/// The installed vault.
fn installed() -> VaultId {
    static INSTALLED: LazyLock<VaultId> = LazyLock::new(|| {
        assert!(Vault::current().is_none(), "nothing is installed by itself");
        let sealed = Sealed::<String, patients::email>::seal("ada@example.org");
        assert!(matches!(sealed, Err(ValueError::NoVault { .. })));
        let vault = clinic::vault();
        let id = vault.id();
        vault.install().unwrap();
        id
    });
    *INSTALLED
}

fn current() -> Option<VaultId> {
    Vault::current().map(|vault| vault.id())
}

#[test]
fn a_second_vault_is_refused_and_the_first_stays() {
    let id = installed();
    let error = clinic::vault().install().unwrap_err();
    assert!(matches!(error, VaultError::AlreadyInstalled));
    assert!(error.to_string().contains("install once"), "{error}");
    assert_eq!(current(), Some(id));
    // Not even from within it.
    let other = clinic::vault();
    assert!(other.enter(|| other.clone().install()).is_err());
    assert_eq!(current(), Some(id));
}

#[test]
fn an_entered_vault_takes_the_place_of_the_installed_one_until_it_is_left() {
    let (id, other) = (installed(), clinic::vault());
    let sealed = other.enter(|| {
        assert_eq!(current(), Some(other.id()));
        Sealed::<String, patients::email>::seal("ada@example.org").unwrap()
    });
    assert_eq!(current(), Some(id));
    assert!(matches!(sealed.open(), Err(ValueError::UnknownKey { .. })), "the installed vault has other keys");
    assert_eq!(other.enter(|| sealed.open()).unwrap(), "ada@example.org");
}

#[test]
fn a_spawned_thread_sees_the_installed_vault_and_not_the_entered_one() {
    let (id, other) = (installed(), clinic::vault());
    other.enter(|| {
        assert_eq!(thread::spawn(current).join().unwrap(), Some(id));
        assert_eq!(thread::scope(|scope| scope.spawn(current).join().unwrap()), Some(id));
        assert_eq!(current(), Some(other.id()));
    });
    Vault::isolated(|| assert_eq!(thread::spawn(current).join().unwrap(), Some(id)));
}

#[test]
fn isolated_code_does_not_fall_back_to_the_installed_vault() {
    let (id, other) = (installed(), clinic::vault());
    Vault::isolated(|| {
        assert_eq!(current(), None);
        let sealed = Sealed::<String, patients::email>::seal("ada@example.org");
        assert!(matches!(sealed, Err(ValueError::NoVault { .. })));
        other.enter(|| assert_eq!(current(), Some(other.id())));
        assert_eq!(current(), None);
    });
    assert_eq!(current(), Some(id));
    other.enter(|| Vault::isolated(|| assert_eq!(current(), None)));
}

#[test]
fn a_panic_leaves_the_scopes_that_it_unwinds() {
    let (id, other) = (installed(), clinic::vault());
    let unwound = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        other.enter(|| Vault::isolated(|| panic::resume_unwind(Box::new(()))))
    }));
    assert!(unwound.is_err());
    assert_eq!(current(), Some(id));
}

macro_rules! over_a_connection {
    ($backend:ident: $connection:ty, $connect:path) => {
        mod $backend {
            use super::*;

            #[test]
            fn what_is_installed_is_used_without_being_entered() {
                let id = installed();
                assert_eq!(current(), Some(id));
                let connection: &mut $connection = &mut $connect();
                diesel::insert_into(patients::table)
                    .values(&patient(1, "ada@example.org"))
                    .execute(connection)
                    .unwrap();
                let found = patients::table
                    .filter(patients::email.blind_eq("ADA@example.org"))
                    .select(clinic::Patient::as_select());
                assert_eq!(found.first(connection).unwrap().email.expose(), "ada@example.org");
            }

            #[test]
            fn isolated_code_writes_nothing_by_the_installed_vault() {
                installed();
                let connection: &mut $connection = &mut $connect();
                let row = patient(1, "a@x");
                let written = Vault::isolated(|| diesel::insert_into(patients::table).values(&row).execute(connection));
                assert!(matches!(written.encryption_error(), Some(ValueError::NoVault { .. })));
                assert_eq!(patients::table.count().get_result(connection), Ok(0));
            }
        }
    };
}

over_a_connection!(sqlite: SqliteConnection, clinic::sqlite);
#[cfg(feature = "postgres")]
over_a_connection!(postgres: PgConnection, clinic::postgres);
#[cfg(feature = "mysql")]
over_a_connection!(mysql: MysqlConnection, clinic::mysql);
