//! The clinic in a file, with the application on one side and an attacker with SQL on the other.

use std::path::PathBuf;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Text};
use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{LocalRootKey, RootKeyId, ValueError, VaultBuilder, VaultError};
use diesel_encrypted_tests::clinic::{self, Chart, Patient, Visit, patient, patients, visit, visits};
use tempfile::TempDir;

/// The addresses of patients 1 and 2.
pub(crate) const ADA: &str = "Ada@example.org";
pub(crate) const BOB: &str = "bob@example.net";

/// A database file.
pub(crate) struct Database {
    directory: TempDir,
}

/// The application's root key.
pub(crate) fn root_keys() -> RootKeys {
    RootKeys::new(LocalRootKey::new(RootKeyId::new("clinic").unwrap(), Secret::from_slice(&[7; 32]).unwrap()))
}

/// The vault as the application opens it.
pub(crate) fn builder() -> VaultBuilder {
    Vault::builder(root_keys()).model::<Patient>().model::<Chart>().model::<Visit>()
}

impl Database {
    /// The tables, and keys for their columns.
    pub(crate) fn empty() -> Self {
        let database = Self { directory: tempfile::tempdir().unwrap() };
        clinic::create_tables("blob", "text").iter().for_each(|table| database.attack(table));
        database.open().unwrap();
        database
    }

    /// The same with patients 1 and 2 and a visit of each, a value in every encrypted column.
    pub(crate) fn new() -> Self {
        let database = Self::empty();
        database.open().unwrap().enter(|| {
            let conn = &mut database.connect();
            for (id, email) in [(1, ADA), (2, BOB)] {
                let patient = Patient {
                    memo: Some(Encrypted::new(format!("memo {id}"))),
                    city: Some(Encrypted::new("London".into())),
                    ..patient(id, email)
                };
                diesel::insert_into(patients::table).values(&patient).execute(conn).unwrap();
                let diagnosis = Some(Sealed::seal_bound(&format!("diagnosis {id}"), &id).unwrap());
                diesel::update(patients::table.find(id)).set(&Chart { id, diagnosis }).execute(conn).unwrap();
                diesel::insert_into(visits::table).values(&visit(id, id, email)).execute(conn).unwrap();
            }
        });
        database
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("clinic.db")
    }

    pub(crate) fn connect(&self) -> SqliteConnection {
        let mut conn = SqliteConnection::establish(self.path().to_str().unwrap()).unwrap();
        diesel::sql_query("PRAGMA synchronous = OFF").execute(&mut conn).unwrap();
        conn
    }

    /// Opens the vault as the application does when it starts.
    pub(crate) fn open(&self) -> Result<Vault, VaultError> {
        builder().open(&mut self.connect())
    }

    /// Why the vault does not open.
    pub(crate) fn refusal(&self) -> VaultError {
        self.open().map(|_| ()).unwrap_err()
    }

    /// What the application gets: the vault opened anew, and `query` over a new connection.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>) -> Result<T, ValueError> {
        let result = self.open().unwrap().enter(|| query(&mut self.connect()));
        result.map_err(|error| error.encryption_error().unwrap_or_else(|| panic!("{error}")).clone())
    }

    pub(crate) fn patient(&self, id: i32) -> Result<Patient, ValueError> {
        self.read(|conn| patients::table.find(id).select(Patient::as_select()).first(conn))
    }

    pub(crate) fn visit(&self, id: i32) -> Result<Visit, ValueError> {
        self.read(|conn| visits::table.find(id).select(Visit::as_select()).first(conn))
    }

    /// The diagnosis in row `id`, opened for its owner.
    pub(crate) fn diagnosis(&self, id: i32) -> Result<String, ValueError> {
        let vault = self.open().unwrap();
        let query = patients::table.find(id).select(Chart::as_select());
        let chart: Chart = vault.enter(|| query.first(&mut self.connect())).unwrap();
        vault.enter(|| chart.diagnosis.unwrap().open_bound(&id))
    }

    /// Why patient 1 cannot be read; the message names the field.
    pub(crate) fn damage(&self, field: &str) -> ValueError {
        let error = self.patient(1).unwrap_err();
        assert!(error.to_string().starts_with(&format!("`{field}`: ")), "{error}");
        error
    }

    /// Runs SQL as the attacker.
    pub(crate) fn attack(&self, sql: &str) {
        let conn = &mut self.connect();
        diesel::sql_query(sql).execute(conn).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The bytes of `column` of patient `id`.
    pub(crate) fn stored(&self, column: &str, id: i32) -> Vec<u8> {
        let sql = format!("SELECT CAST({column} AS BLOB) AS bytes FROM patients WHERE id = ?");
        let found = diesel::sql_query(sql).bind::<Integer, _>(id).get_result::<Bytes>(&mut self.connect());
        found.unwrap().bytes
    }

    /// Writes bytes into `column` of patient 1.
    pub(crate) fn plant(&self, column: &str, bytes: &[u8]) {
        let sql = format!("UPDATE patients SET {column} = ? WHERE id = 1");
        diesel::sql_query(sql).bind::<Binary, _>(bytes).execute(&mut self.connect()).unwrap();
    }

    /// Writes text into `column` of patient 1.
    pub(crate) fn plant_text(&self, column: &str, text: &str) {
        let sql = format!("UPDATE patients SET {column} = ? WHERE id = 1");
        diesel::sql_query(sql).bind::<Text, _>(text).execute(&mut self.connect()).unwrap();
    }

    /// A number that SQL computes.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        diesel::sql_query(format!("SELECT ({sql}) AS number")).get_result::<Number>(&mut self.connect()).unwrap().number
    }

    /// The rows of the key table.
    pub(crate) fn key_rows(&self) -> Vec<KeyRow> {
        let sql = "SELECT key_id, purpose, CAST(name AS TEXT) AS name FROM encryption_keys ORDER BY purpose, name";
        diesel::sql_query(sql).load(&mut self.connect()).unwrap()
    }

    /// Keeps the key tables as they are now, to be brought back.
    pub(crate) fn back_up_keys(&self) {
        self.attack("CREATE TABLE old_keys AS SELECT * FROM encryption_keys");
        self.attack("CREATE TABLE old_columns AS SELECT * FROM encrypted_columns");
        self.attack("CREATE TABLE old_audit AS SELECT * FROM encryption_audit");
    }

    /// Makes the key tables what they were.
    pub(crate) fn roll_back_keys(&self) {
        self.attack("DELETE FROM encryption_keys");
        self.attack("INSERT INTO encryption_keys SELECT * FROM old_keys");
        self.attack("DELETE FROM encrypted_columns");
        self.attack("INSERT INTO encrypted_columns SELECT * FROM old_columns");
        self.attack("DELETE FROM encryption_audit");
        self.attack("INSERT INTO encryption_audit SELECT * FROM old_audit");
    }
}

/// What tells one key row from another.
#[derive(QueryableByName, Clone, Debug)]
pub(crate) struct KeyRow {
    #[diesel(sql_type = BigInt)]
    pub(crate) key_id: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) purpose: i64,
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
}

#[derive(QueryableByName)]
struct Bytes {
    #[diesel(sql_type = Binary)]
    bytes: Vec<u8>,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}
