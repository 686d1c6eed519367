//! The key tables in a real SQLite file: made once, agreed on by every process, and held against the models.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, process::Command};

use diesel::{migration::MigrationSource, prelude::*, sqlite::Sqlite};
use diesel_encrypted::{
    Binding, Class, Field, Index, Normalizer, Storage, StoreError, VaultBuilder, VaultError, key_tables,
    keys::{Purpose, Secret},
    prelude::*,
    sql::{self, Dialect, SqlError},
};
use diesel_encrypted::{LocalRootKey, RootKeyId};
use diesel_encrypted_tests::clinic::{self, Chart, Patient, Visit, patients};

fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

/// A database file with the application's tables, and no keys yet.
fn database() -> (tempfile::TempDir, SqliteConnection) {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = connect(&folder.path().join("clinic.sqlite"));
    for statement in clinic::create_tables("blob", "text") {
        diesel::sql_query(statement).execute(&mut connection).unwrap();
    }
    (folder, connection)
}

fn root_keys() -> RootKeys {
    RootKeys::new(LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[7; 32]).unwrap()))
}

fn builder() -> VaultBuilder {
    Vault::builder(root_keys()).model::<Patient>().model::<Chart>().model::<Visit>()
}

fn one(field: &'static Field) -> VaultBuilder {
    Vault::builder(root_keys()).field(field)
}

fn insert(connection: &mut SqliteConnection, vault: &Vault, id: i32, email: &str) {
    let inserted =
        vault.enter(|| diesel::insert_into(patients::table).values(&clinic::patient(id, email)).execute(connection));
    assert_eq!(inserted.unwrap(), 1);
}

fn find(connection: &mut SqliteConnection, vault: &Vault, email: &str) -> Option<i32> {
    vault
        .enter(|| patients::table.filter(patients::email.blind_eq(email)).select(patients::id).first(connection))
        .optional()
        .unwrap()
}

fn count(connection: &mut SqliteConnection, table: &str) -> i64 {
    let counted = diesel::dsl::sql::<diesel::sql_types::BigInt>(&format!("SELECT count(*) FROM {table}"));
    counted.get_result(connection).unwrap()
}

#[test]
fn a_vault_opened_again_reads_what_was_written() {
    let (folder, mut connection) = database();
    let vault = builder().open(&mut connection).unwrap();
    insert(&mut connection, &vault, 1, "Ada@example.org");
    drop(connection);
    let mut again = connect(&folder.path().join("clinic.sqlite"));
    let vault = builder().open(&mut again).unwrap();
    assert_eq!(find(&mut again, &vault, "ADA@EXAMPLE.ORG"), Some(1));
    let patient: Patient = vault.enter(|| patients::table.select(Patient::as_select()).first(&mut again)).unwrap();
    assert_eq!(patient.email.expose(), "Ada@example.org");
}

/// A process of its own: opens the database that the variable names and inserts one row. Does nothing otherwise.
#[test]
fn child_process() {
    let Ok(path) = std::env::var("KEY_STORE_TEST_DATABASE") else { return };
    let id: i32 = std::env::var("KEY_STORE_TEST_ID").unwrap().parse().unwrap();
    let mut connection = connect(Path::new(&path));
    let vault = builder().open(&mut connection).unwrap();
    diesel::sql_query("PRAGMA busy_timeout = 20000").execute(&mut connection).unwrap();
    insert(&mut connection, &vault, id, &format!("{id}@example.org"));
}

#[test]
fn processes_that_open_an_empty_database_at_once_agree_on_one_key() {
    let (folder, mut connection) = database();
    let path = folder.path().join("clinic.sqlite");
    let children: Vec<_> = (1..=6)
        .map(|id: i32| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "child_process", "--nocapture"])
                .env("KEY_STORE_TEST_DATABASE", &path)
                .env("KEY_STORE_TEST_ID", id.to_string())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let vault = builder().open(&mut connection).unwrap();
    for id in 1..=6 {
        assert_eq!(find(&mut connection, &vault, &format!("{id}@example.org")), Some(id));
    }
    let actives = "encryption_keys WHERE state = 2";
    let names = "(SELECT DISTINCT purpose, name FROM encryption_keys)";
    assert_eq!(count(&mut connection, actives), count(&mut connection, names));
    assert_eq!(count(&mut connection, "encryption_keys"), count(&mut connection, names), "no key was made twice");
}

#[test]
fn keys_are_not_made_inside_of_a_transaction() {
    let (_folder, mut connection) = database();
    let refused = connection.transaction(|connection| {
        let error = builder().open(connection).unwrap_err();
        assert!(matches!(error, VaultError::Store(StoreError::InTransaction)), "{error}");
        diesel::QueryResult::Ok(())
    });
    refused.unwrap();
    builder().open(&mut connection).unwrap();
    let opened = connection.transaction(|connection| diesel::QueryResult::Ok(builder().open(connection).is_ok()));
    assert!(opened.unwrap(), "with every key made, a vault opens inside of a transaction");
}

#[test]
fn the_migration_makes_the_tables_and_drops_them() {
    let (_folder, mut connection) = database();
    let migrations = MigrationSource::<Sqlite>::migrations(&key_tables()).unwrap();
    assert_eq!(migrations.len(), 1);
    migrations[0].run(&mut connection).unwrap();
    assert_eq!((count(&mut connection, "encryption_keys"), count(&mut connection, "encrypted_columns")), (0, 0));
    builder().open(&mut connection).unwrap();
    assert!(count(&mut connection, "encryption_keys") > 0);
    migrations[0].revert(&mut connection).unwrap();
    assert!(diesel::sql_query("SELECT 1 FROM encryption_keys").execute(&mut connection).is_err());
}

#[test]
fn a_table_or_column_that_does_not_exist_is_named() {
    static GONE: Field = Field::new("patients.gone", "patients", "gone", Class::Text, Storage::Binary);
    static NOWHERE: Field = Field::new("nowhere.email", "nowhere", "email", Class::Text, Storage::Binary);
    let (_folder, mut connection) = database();
    for field in [&GONE, &NOWHERE] {
        let error = one(field).open(&mut connection).unwrap_err();
        let named = matches!(&error, VaultError::Store(StoreError::NoColumn { table, column, .. })
            if table == field.table() && column == field.column());
        assert!(named, "{error}");
    }
    let made = diesel::sql_query("SELECT 1 FROM encrypted_columns").execute(&mut connection);
    assert!(made.is_err(), "nothing is made for a vault that does not open");
}

#[test]
fn two_active_keys_of_one_name_cannot_be_stored() {
    let (_folder, mut connection) = database();
    builder().open(&mut connection).unwrap();
    let copy = diesel::sql_query(
        "INSERT INTO encryption_keys SELECT key_id + 1, application, purpose, name, scope, version + 1, state, \
         active_slot, index_spec, root_id, root_fingerprint, wrapped, check_value, mac FROM encryption_keys LIMIT 1",
    );
    let error = copy.execute(&mut connection).unwrap_err();
    let unique = diesel::result::DatabaseErrorKind::UniqueViolation;
    assert!(matches!(&error, diesel::result::Error::DatabaseError(kind, _) if *kind as u8 == unique as u8), "{error}");
}

/// The first declaration of `patients.email`, as tests below change it.
static EMAIL: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
    .indexes(&[Index::new("a").normalize(&[Normalizer::Lowercase]), Index::new("b")]);

/// Opens with [`EMAIL`], puts a value in if `filled`, and opens with `changed`.
fn redeclare(changed: &'static Field, filled: bool) -> Result<Vault, VaultError> {
    let (_folder, mut connection) = database();
    let vault = one(&EMAIL).open(&mut connection).unwrap();
    if filled {
        let sealed = vault.seal(&EMAIL, "Ada@example.org").unwrap();
        diesel::insert_into(patients::table)
            .values((patients::name.eq("Ada"), patients::email.eq(sealed), patients::note.eq("")))
            .execute(&mut connection)
            .unwrap();
    }
    one(changed).open(&mut connection)
}

/// Refused over values, naming `what`; and taken over an empty column.
fn refused_over_values(changed: &'static Field, what: &str) {
    let error = redeclare(changed, true).unwrap_err();
    let expected = matches!(&error, VaultError::FieldChanged { what: found, .. } if *found == what);
    assert!(expected, "{error}");
    let vault = redeclare(changed, false).unwrap();
    for index in 0..changed.index_count() {
        assert!(!vault.search_slots(changed, index, "x").unwrap().is_empty(), "each index is searched");
    }
}

#[test]
fn reordered_indexes_are_refused_over_values() {
    static CHANGED: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .indexes(&[Index::new("b"), Index::new("a").normalize(&[Normalizer::Lowercase])]);
    refused_over_values(&CHANGED, "list of blind indexes");
}

#[test]
fn a_deleted_index_is_refused_over_values() {
    static CHANGED: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .indexes(&[Index::new("a").normalize(&[Normalizer::Lowercase])]);
    refused_over_values(&CHANGED, "list of blind indexes");
}

#[test]
fn a_changed_normaliser_is_refused_over_values() {
    static CHANGED: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .indexes(&[Index::new("a").normalize(&[Normalizer::Casefold]), Index::new("b")]);
    refused_over_values(&CHANGED, "blind index");
}

#[test]
fn changed_bits_are_refused_over_values() {
    static CHANGED: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .indexes(&[Index::new("a").normalize(&[Normalizer::Lowercase]), Index::new("b").bits(16)]);
    refused_over_values(&CHANGED, "blind index");
}

#[test]
fn a_changed_field_id_is_refused_over_values() {
    static CHANGED: Field = Field::new("people.email", "patients", "email", Class::Text, Storage::Binary);
    refused_over_values(&CHANGED, "field id");
}

#[test]
fn a_changed_storage_is_refused_over_values() {
    static CHANGED: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Text)
        .indexes(&[Index::new("a").normalize(&[Normalizer::Lowercase]), Index::new("b")]);
    refused_over_values(&CHANGED, "storage");
}

#[test]
fn a_changed_class_is_refused_over_values() {
    static CHANGED: Field = Field::new("patients.email", "patients", "email", Class::Bytes, Storage::Binary)
        .indexes(&[Index::new("a").normalize(&[Normalizer::Lowercase]), Index::new("b")]);
    let error = redeclare(&CHANGED, true).unwrap_err();
    assert!(matches!(error, VaultError::FieldChanged { what: "kind of value", .. }), "{error}");
    redeclare(&CHANGED, false).unwrap();
}

#[test]
fn a_changed_binding_is_refused_over_values() {
    static CHANGED: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .indexes(&[Index::new("a").normalize(&[Normalizer::Lowercase]), Index::new("b")])
        .binding(Binding::Columns(&["id"]));
    refused_over_values(&CHANGED, "binding to an owner");
}

#[test]
fn an_appended_and_a_removed_index_are_taken_over_values() {
    static APPENDED: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .indexes(&[Index::new("a").normalize(&[Normalizer::Lowercase]), Index::new("b"), Index::new("c")]);
    static REMOVED: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .indexes(&[Index::new("a").removed(), Index::new("b")]);
    redeclare(&APPENDED, true).unwrap();
    let vault = redeclare(&REMOVED, true).unwrap();
    let sealed = vault.seal(&REMOVED, "x").unwrap();
    assert_eq!(sealed[3..18], [0; 15], "the slot of the removed index stays empty");
    assert_ne!(sealed[18..33], [0; 15]);
}

#[test]
fn a_renamed_column_is_found_out_and_its_pinned_id_reads_it() {
    static RENAMED: Field = Field::new("patients.mail", "patients", "mail", Class::Text, Storage::Binary);
    static PINNED: Field = Field::new("patients.email", "patients", "mail", Class::Text, Storage::Binary)
        .indexes(&[Index::new("a").normalize(&[Normalizer::Lowercase]), Index::new("b")]);
    let (_folder, mut connection) = database();
    let vault = one(&EMAIL).open(&mut connection).unwrap();
    let sealed = vault.seal(&EMAIL, "Ada@example.org").unwrap();
    diesel::insert_into(patients::table)
        .values((patients::name.eq("Ada"), patients::email.eq(sealed.clone()), patients::note.eq("")))
        .execute(&mut connection)
        .unwrap();
    diesel::sql_query("ALTER TABLE patients RENAME COLUMN email TO mail").execute(&mut connection).unwrap();
    let error = one(&RENAMED).open(&mut connection).unwrap_err();
    assert!(
        matches!(&error, VaultError::FieldChanged { what: "field id", registered, .. } if registered == "patients.email")
    );
    let vault = one(&PINNED).open(&mut connection).unwrap();
    assert_eq!(vault.open::<String>(&PINNED, sealed).unwrap(), "Ada@example.org");
}

#[test]
fn columns_of_one_domain_must_be_indexed_alike() {
    static FIRST: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .indexes(&[Index::new("default").domain("address").normalize(&[Normalizer::Lowercase])]);
    static SECOND: Field = Field::new("visits.contact", "visits", "contact", Class::Text, Storage::Binary)
        .indexes(&[Index::new("default").domain("address")]);
    let (_folder, mut connection) = database();
    let error = one(&FIRST).field(&SECOND).open(&mut connection).unwrap_err();
    assert!(matches!(&error, VaultError::DomainMismatch { domain, .. } if domain == "domain:address"), "{error}");
}

#[test]
fn a_pinned_version_refuses_a_table_that_is_rolled_back() {
    let (_folder, mut connection) = database();
    let pinned = builder().minimum_version(Purpose::Encrypt, "patients.email", 1).open(&mut connection).unwrap_err();
    assert!(matches!(pinned, VaultError::RolledBack { minimum: 1, found: 0, .. }), "a pinned key must be there");
    builder().open(&mut connection).unwrap();
    builder().minimum_version(Purpose::Encrypt, "patients.email", 1).open(&mut connection).unwrap();
    let error = builder().minimum_version(Purpose::Encrypt, "patients.email", 2).open(&mut connection).unwrap_err();
    assert!(matches!(error, VaultError::RolledBack { minimum: 2, found: 1, .. }), "{error}");
}

#[test]
fn tenants_in_one_database_have_keys_of_their_own() {
    let (_folder, mut connection) = database();
    let a = builder().scope("a").open(&mut connection).unwrap();
    let b = builder().scope("b").open(&mut connection).unwrap();
    insert(&mut connection, &a, 1, "x@example.org");
    insert(&mut connection, &b, 2, "x@example.org");
    assert_eq!(find(&mut connection, &a, "x@example.org"), Some(1));
    assert_eq!(find(&mut connection, &b, "x@example.org"), Some(2));
    let read = b.enter(|| patients::table.find(1).select(Patient::as_select()).first(&mut connection));
    let error = read.unwrap_err();
    assert!(diesel_encrypted::encryption_error(&error).is_some(), "{error}");
}

#[test]
fn the_models_sql_keeps_a_search_on_its_index_and_plaintext_out() {
    let (_folder, mut connection) = database();
    let sql = sql::of::<Patient>(Dialect::Sqlite).unique("email", "default");
    for statement in sql.indexes().unwrap().into_iter().chain(sql.guards()) {
        diesel::sql_query(statement).execute(&mut connection).unwrap();
    }
    let vault = builder().open(&mut connection).unwrap();
    insert(&mut connection, &vault, 1, "Ada@example.org");
    let plans = vault.enter(|| {
        let query = patients::table.filter(patients::email.blind_eq("ada@example.org")).select(patients::id);
        let text = diesel::debug_query::<Sqlite, _>(&query).to_string();
        let text = text.split(" -- binds").next().unwrap().to_owned();
        let explain = diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}"));
        explain.bind::<diesel::sql_types::Binary, _>(vec![1_u8; 15]).load::<Plan>(&mut connection).unwrap()
    });
    assert!(plans.iter().any(|plan| plan.detail.contains("USING INDEX patients_email_default")), "{plans:?}");

    let twice = vault.enter(|| {
        diesel::insert_into(patients::table).values(&clinic::patient(2, "ADA@example.org")).execute(&mut connection)
    });
    assert!(twice.unwrap_err().to_string().contains("UNIQUE"));
    // Too short, and long enough with another format byte, reserved byte, number of slots or algorithm, or one byte short.
    for plaintext in [
        "'ada@example.org'",
        "x'616461'",
        "x'E1'",
        "x'E10000'",
        "x'E1000001'",
        "x'E2000001' || zeroblob(60)",
        "x'E1000101' || zeroblob(60)",
        "x'E1100001' || zeroblob(300)",
        "x'E1000000' || zeroblob(60)",
        "x'E1000004' || zeroblob(60)",
        "x'E1000001' || zeroblob(32)",
        "x'E1000002' || zeroblob(44)",
        "x'E10100' || zeroblob(15) || x'01' || zeroblob(32)",
    ] {
        let plaintext = &format!("CAST({plaintext} AS BLOB)");
        for statement in [
            format!("UPDATE patients SET email = {plaintext}"),
            format!("INSERT INTO patients (name, email, note) SELECT 'n', {plaintext}, note FROM patients"),
        ] {
            let error = diesel::sql_query(statement).execute(&mut connection).unwrap_err().to_string();
            assert!(error.contains("patients.email: not a sealed value"), "{error}");
        }
    }
    let error = diesel::sql_query("UPDATE patients SET note = 'in the clear'").execute(&mut connection).unwrap_err();
    assert!(error.to_string().contains("patients.note: not a sealed value"), "{error}");
    let text = diesel::sql_query("UPDATE patients SET email = 'ada@example.org'").execute(&mut connection);
    assert!(text.unwrap_err().to_string().contains("patients.email: not a sealed value"), "text in a binary column");
    for text in ["substr(note, 2)", "'5' || substr(note, 2)", "note || '='", "substr(note, 1, 40)", "note || char(10)"]
    {
        let error = diesel::sql_query(format!("UPDATE patients SET note = {text}")).execute(&mut connection);
        assert!(error.unwrap_err().to_string().contains("patients.note: not a sealed value"), "{text}");
    }
    diesel::sql_query("UPDATE patients SET phone = NULL").execute(&mut connection).unwrap();
    for statement in sql.down().unwrap().split_terminator(";\n") {
        diesel::sql_query(statement).execute(&mut connection).unwrap();
    }
    diesel::sql_query("UPDATE patients SET email = 'free again'").execute(&mut connection).unwrap();
}

#[derive(QueryableByName, Debug)]
struct Plan {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[test]
fn checks_stand_in_a_create_table() {
    let (_folder, mut connection) = database();
    let checks = sql::of::<Visit>(Dialect::Sqlite).checks().join(", ");
    let create = format!("CREATE TABLE v (id integer PRIMARY KEY, patient_id integer, contact blob, {checks})");
    diesel::sql_query(create).execute(&mut connection).unwrap();
    assert!(diesel::sql_query("INSERT INTO v (contact) VALUES (x'00')").execute(&mut connection).is_err());
    diesel::sql_query("INSERT INTO v (contact) VALUES (NULL)").execute(&mut connection).unwrap();
    let vault = builder().open(&mut connection).unwrap();
    insert(&mut connection, &vault, 1, "Ada@example.org");
    diesel::sql_query("INSERT INTO v (contact) SELECT email FROM patients").execute(&mut connection).unwrap();
}

#[test]
fn an_index_that_keeps_few_bits_cannot_be_unique() {
    let truncated = sql::of::<Patient>(Dialect::Sqlite).unique("city", "default").indexes();
    assert!(matches!(truncated, Err(SqlError::UniqueTruncated { bits: 8, .. })), "{truncated:?}");
    let unknown = sql::of::<Patient>(Dialect::Sqlite).unique("email", "nope").indexes();
    assert!(matches!(unknown, Err(SqlError::NoIndex { .. })), "{unknown:?}");
}
