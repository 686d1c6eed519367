//! Root keys that the application brings: a stand-in for a key service, behind a vault over a SQLite file.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use diesel::prelude::*;
use diesel_encrypted::{
    RootKey, RootKeyError, RootKeyId, VaultError,
    keys::{Fingerprint, Secret},
    prelude::*,
};
use diesel_encrypted_tests::clinic::{self, Chart, Patient, Visit, patients};

/// A key service: what it wraps it keeps, and gives out a token of 204 bytes. No key of its own ever leaves it.
#[derive(Default)]
struct Service {
    kept: Mutex<Vec<(Vec<u8>, [u8; 32])>>,
    wraps: AtomicUsize,
    unwraps: AtomicUsize,
    is_down: AtomicBool,
    confuses_keys: AtomicBool,
}

impl Service {
    const TOKEN: usize = 204;

    fn calls(&self) -> (usize, usize) {
        (self.wraps.load(SeqCst), self.unwraps.load(SeqCst))
    }
}

/// A key of the service.
struct Hsm {
    id: RootKeyId,
    service: Arc<Service>,
}

impl Hsm {
    fn reach(&self) -> Result<(), RootKeyError> {
        if self.service.is_down.load(SeqCst) {
            let source = io::Error::new(io::ErrorKind::ConnectionRefused, "slot 3 does not answer").into();
            return Err(RootKeyError::External { id: self.id.clone(), source });
        }
        Ok(())
    }
}

impl RootKey for Hsm {
    fn id(&self) -> &RootKeyId {
        &self.id
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::new(*b"hsm key3")
    }

    fn wrap(&self, context: &[u8], key: &Secret) -> Result<Vec<u8>, RootKeyError> {
        self.service.wraps.fetch_add(1, SeqCst);
        self.reach()?;
        let mut kept = self.service.kept.lock().unwrap();
        let mut token = u32::try_from(kept.len()).unwrap().to_be_bytes().to_vec();
        token.resize(Service::TOKEN, b'=');
        kept.push((context.to_vec(), *key.expose_bytes()));
        Ok(token)
    }

    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<Secret, RootKeyError> {
        self.service.unwraps.fetch_add(1, SeqCst);
        self.reach()?;
        let refused = || RootKeyError::Unwrap { id: self.id.clone() };
        let (number, padding) = wrapped.split_first_chunk::<4>().ok_or_else(refused)?;
        let kept = self.service.kept.lock().unwrap();
        let (expected, key) = kept.get(u32::from_be_bytes(*number) as usize).ok_or_else(refused)?;
        if expected != context || padding.len() + 4 != Service::TOKEN {
            return Err(refused());
        }
        // The first is the table's own key: with another in its place no row would be authentic.
        let key = if self.service.confuses_keys.load(SeqCst) { &kept[0].1 } else { key };
        Secret::from_slice(key).ok_or_else(refused)
    }
}

fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

fn open(service: &Arc<Service>, connection: &mut SqliteConnection) -> Result<Vault, VaultError> {
    let root = Hsm { id: RootKeyId::new("hsm-slot-3").unwrap(), service: service.clone() };
    Vault::builder(RootKeys::new(root)).model::<Patient>().model::<Chart>().model::<Visit>().open(connection)
}

/// A database file with the application's tables, and a service.
fn start() -> (tempfile::TempDir, SqliteConnection, Arc<Service>) {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = connect(&folder.path().join("clinic.sqlite"));
    for statement in clinic::create_tables("blob", "text") {
        diesel::sql_query(statement).execute(&mut connection).unwrap();
    }
    (folder, connection, Arc::default())
}

fn key_rows(connection: &mut SqliteConnection) -> i64 {
    let count = diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT count(*) FROM encryption_keys");
    count.get_result(connection).unwrap()
}

#[derive(QueryableByName)]
struct Wrapped {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    rows: i64,
}

#[test]
fn what_was_sealed_under_a_key_service_is_read_after_a_restart() {
    let (folder, mut connection, service) = start();
    let vault = open(&service, &mut connection).unwrap();
    vault.enter(|| {
        let ada = clinic::patient(1, "Ada@example.org");
        diesel::insert_into(patients::table).values(&ada).execute(&mut connection).unwrap();
    });
    // The bytes are the service's own, of its own length.
    let tokens = format!(
        "SELECT count(*) AS rows FROM encryption_keys WHERE length(wrapped) = {} AND CAST(root_id AS text) = 'hsm-slot-3'",
        Service::TOKEN
    );
    let tokens: Wrapped = diesel::sql_query(tokens).get_result(&mut connection).unwrap();
    assert_eq!(tokens.rows, i64::try_from(service.calls().0).unwrap());
    assert!(tokens.rows > 5, "a key for each field, each index and the table");
    drop((vault, connection));

    let mut connection = connect(&folder.path().join("clinic.sqlite"));
    let wraps = service.calls().0;
    let vault = open(&service, &mut connection).unwrap();
    assert_eq!(service.calls().0, wraps, "nothing is wrapped again");
    vault.enter(|| {
        let found = patients::table.filter(patients::email.blind_eq("ADA@EXAMPLE.ORG")).select(Patient::as_select());
        assert_eq!(found.first(&mut connection).unwrap().email.expose(), "Ada@example.org");
    });
}

#[test]
fn no_value_is_sealed_opened_or_searched_by_the_key_service() {
    let (_folder, mut connection, service) = start();
    let vault = open(&service, &mut connection).unwrap();
    let calls = service.calls();
    assert!(calls.0 > 0 && calls.1 > 0, "{calls:?}");
    service.is_down.store(true, SeqCst);
    vault.enter(|| {
        for id in 0..50 {
            let patient = clinic::patient(id, &format!("{id}@example.org"));
            diesel::insert_into(patients::table).values(&patient).execute(&mut connection).unwrap();
            let email = patients::email.blind_eq(format!("{id}@example.org"));
            let found = patients::table.filter(email).select(Patient::as_select());
            assert_eq!(found.first(&mut connection).unwrap().id, id);
        }
    });
    assert_eq!(service.calls(), calls);
}

#[test]
fn a_key_service_that_is_down_is_named_with_what_it_said_and_no_key_is_made() {
    let (_folder, mut connection, service) = start();
    service.is_down.store(true, SeqCst);
    let assert_named = |opened: Result<Vault, VaultError>| {
        let error = opened.unwrap_err();
        assert!(
            matches!(&error, VaultError::RootKey(RootKeyError::External { id, .. }) if id.as_str() == "hsm-slot-3")
        );
        assert!(error.to_string().contains("`hsm-slot-3`"), "{error}");
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "slot 3 does not answer");
    };
    assert_named(open(&service, &mut connection));
    assert_eq!(key_rows(&mut connection), 0);

    service.is_down.store(false, SeqCst);
    open(&service, &mut connection).unwrap();
    let rows = key_rows(&mut connection);
    service.is_down.store(true, SeqCst);
    assert_named(open(&service, &mut connection));
    assert_eq!(key_rows(&mut connection), rows);
}

#[test]
fn a_key_service_that_gives_back_another_key_is_refused() {
    let (_folder, mut connection, service) = start();
    drop(open(&service, &mut connection).unwrap());
    service.confuses_keys.store(true, SeqCst);
    let error = open(&service, &mut connection).unwrap_err();
    assert!(matches!(&error, VaultError::RowAltered { row, .. } if !row.starts_with("state key")), "{error}");
    service.confuses_keys.store(false, SeqCst);
    open(&service, &mut connection).unwrap();
}

#[test]
fn the_id_of_a_root_key_has_2_to_64_permitted_characters() {
    for len in [2, 3, 20, 21, 63, 64] {
        let id = "a".repeat(len);
        assert_eq!(RootKeyId::new(id.clone()).unwrap().as_str(), id);
    }
    assert_eq!(RootKeyId::new("aZ09._-:").unwrap().to_string(), "aZ09._-:");
    let long = "a".repeat(65);
    for id in ["", "a", long.as_str(), "a/b", "a b", "a\n", "schlüssel"] {
        let error = RootKeyId::new(id).unwrap_err();
        assert!(matches!(error, RootKeyError::BadId), "{id}");
        assert!(error.to_string().contains("2 to 64"), "{error}");
    }
}
