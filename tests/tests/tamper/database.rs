//! The clinic in a database, with the application on one side and an attacker with SQL on the other.

use std::cell::{RefCell, RefMut};

use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{Dialect, KeyStoreConnection, LocalRootKey, RootKeyId, ValueError, VaultBuilder, VaultError};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{self, Chart, Patient, Visit, patient, patients, visit, visits};
use diesel_encrypted_tests::scratch::Scratch;

/// The addresses of patients 1 and 2.
pub(crate) const ADA: &str = "Ada@example.org";
pub(crate) const BOB: &str = "bob@example.net";

/// A database.
pub(crate) struct Database<C: Connection> {
    connection: RefCell<Scratch<C>>,
}

/// The application's root key.
pub(crate) fn root_keys() -> RootKeys {
    RootKeys::new(LocalRootKey::new(RootKeyId::new("clinic").unwrap(), Secret::from_slice(&[7; 32]).unwrap()))
}

/// The vault as the application opens it.
pub(crate) fn builder() -> VaultBuilder {
    Vault::builder(root_keys()).model::<Patient>().model::<Chart>().model::<Visit>()
}

/// The statements of Diesel that both sides run, over a connection whose type is known.
pub(crate) trait Statements: Backend + KeyStoreConnection {
    fn insert(&mut self, patient: &Patient);
    fn insert_chart_and_visit(&mut self, chart: &Chart, visit: &Visit);
    /// How many patients have this phone.
    fn count_of_phone(&mut self, phone: &str) -> QueryResult<i64>;
    fn patient(&mut self, id: i32) -> QueryResult<Patient>;
    fn visit(&mut self, id: i32) -> QueryResult<Visit>;
    fn chart(&mut self, id: i32) -> QueryResult<Chart>;
    /// The bytes that SQL gives.
    fn bytes(&mut self, sql: &str) -> Vec<u8>;
    /// Runs SQL with bytes for its parameter.
    fn set_bytes(&mut self, sql: &str, bytes: &[u8]);
    /// Runs SQL with text for its parameter.
    fn set_text(&mut self, sql: &str, text: &str);
    /// The number that SQL computes.
    fn number(&mut self, sql: &str) -> i64;
    /// The rows of the key table.
    fn key_rows(&mut self) -> Vec<KeyRow>;
}

macro_rules! statements {
    ($connection:ty) => {
        impl Statements for $connection {
            fn insert(&mut self, patient: &Patient) {
                diesel::insert_into(patients::table).values(patient).execute(self).unwrap();
            }

            fn count_of_phone(&mut self, phone: &str) -> QueryResult<i64> {
                patients::table.filter(patients::phone.blind_eq(phone)).count().get_result(self)
            }

            fn insert_chart_and_visit(&mut self, chart: &Chart, visit: &Visit) {
                diesel::update(chart).set(chart).execute(self).unwrap();
                diesel::insert_into(visits::table).values(visit).execute(self).unwrap();
            }

            fn patient(&mut self, id: i32) -> QueryResult<Patient> {
                patients::table.find(id).select(Patient::as_select()).first(self)
            }

            fn visit(&mut self, id: i32) -> QueryResult<Visit> {
                visits::table.find(id).select(Visit::as_select()).first(self)
            }

            fn chart(&mut self, id: i32) -> QueryResult<Chart> {
                patients::table.find(id).select(Chart::as_select()).first(self)
            }

            fn bytes(&mut self, sql: &str) -> Vec<u8> {
                diesel::sql_query(sql).get_result::<Bytes>(self).unwrap().bytes
            }

            fn set_bytes(&mut self, sql: &str, bytes: &[u8]) {
                diesel::sql_query(sql).bind::<Binary, _>(bytes).execute(self).unwrap();
            }

            fn set_text(&mut self, sql: &str, text: &str) {
                diesel::sql_query(sql).bind::<Text, _>(text).execute(self).unwrap();
            }

            fn number(&mut self, sql: &str) -> i64 {
                diesel::sql_query(format!("SELECT ({sql}) AS number")).get_result::<Number>(self).unwrap().number
            }

            fn key_rows(&mut self) -> Vec<KeyRow> {
                let sql = "SELECT key_id, purpose, name FROM encryption_keys ORDER BY purpose, name";
                diesel::sql_query(sql).load(self).unwrap()
            }
        }
    };
}

statements!(SqliteConnection);
#[cfg(feature = "postgres")]
statements!(PgConnection);
#[cfg(feature = "mysql")]
statements!(MysqlConnection);

impl<C: Statements> Database<C> {
    /// The tables, and keys for their columns.
    pub(crate) fn empty() -> Self {
        let database = Self { connection: RefCell::new(C::fresh()) };
        clinic::tables(C::DIALECT).iter().for_each(|table| database.attack(table));
        if C::DIALECT == Dialect::Mysql {
            // So that `||` joins, as it does elsewhere.
            database.attack("SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',PIPES_AS_CONCAT')");
        }
        database.open().unwrap();
        database
    }

    /// The same with patients 1 and 2 and a visit of each, a value in every encrypted column.
    pub(crate) fn new() -> Self {
        let database = Self::empty();
        database.open().unwrap().enter(|| {
            for (id, email) in [(1, ADA), (2, BOB)] {
                let patient = Patient {
                    memo: Some(Encrypted::new(format!("memo {id}"))),
                    city: Some(Encrypted::new("London".into())),
                    ..patient(id, email)
                };
                let diagnosis = Some(Sealed::seal_bound(&format!("diagnosis {id}"), &id).unwrap());
                database.connect().insert(&patient);
                database.connect().insert_chart_and_visit(&Chart { id, diagnosis }, &visit(id, id, email));
            }
        });
        database
    }

    /// Another database with what is in this one.
    pub(crate) fn copied_to(self, target: Self) -> Self {
        let copy = C::copy(self.connection.into_inner(), target.connection.into_inner());
        Self { connection: RefCell::new(copy) }
    }

    pub(crate) fn connect(&self) -> RefMut<'_, C> {
        RefMut::map(self.connection.borrow_mut(), |scratch| &mut **scratch)
    }

    /// Opens the vault as the application does when it starts.
    pub(crate) fn open(&self) -> Result<Vault, VaultError> {
        builder().open(&mut *self.connect())
    }

    /// Why the vault does not open.
    pub(crate) fn refusal(&self) -> VaultError {
        self.open().map(|_| ()).unwrap_err()
    }

    /// What the application gets: the vault opened anew, and `query`.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&mut C) -> QueryResult<T>) -> Result<T, ValueError> {
        let result = self.open().unwrap().enter(|| query(&mut *self.connect()));
        result.map_err(|error| error.encryption_error().unwrap_or_else(|| panic!("{error}")).clone())
    }

    pub(crate) fn patient(&self, id: i32) -> Result<Patient, ValueError> {
        self.read(|conn| conn.patient(id))
    }

    pub(crate) fn visit(&self, id: i32) -> Result<Visit, ValueError> {
        self.read(|conn| conn.visit(id))
    }

    /// The diagnosis in row `id`, opened for its owner.
    pub(crate) fn diagnosis(&self, id: i32) -> Result<String, ValueError> {
        let vault = self.open().unwrap();
        let chart = vault.enter(|| self.connect().chart(id)).unwrap();
        vault.enter(|| chart.diagnosis.unwrap().open_bound(&id))
    }

    /// Why patient 1 cannot be read; the message names the field.
    pub(crate) fn damage(&self, field: &str) -> ValueError {
        let error = self.patient(1).unwrap_err();
        assert!(error.to_string().starts_with(&format!("`{field}`: ")), "{error}");
        error
    }

    /// Runs SQL as the attacker, in which `x'..'`, `zeros(n)`, `noise(n)` and `utf8('..')` are bytes.
    pub(crate) fn attack(&self, sql: &str) {
        let sql = with_bytes::<C>(sql);
        self.connect().batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The bytes of `column` of patient `id`.
    pub(crate) fn stored(&self, column: &str, id: i32) -> Vec<u8> {
        let bytes = match (column, C::DIALECT) {
            ("note" | "memo", Dialect::Postgres) => format!("convert_to({column}, 'UTF8')"),
            ("note" | "memo", Dialect::Mysql) => format!("CAST({column} AS BINARY)"),
            _ => format!("CAST({column} AS {})", if C::DIALECT == Dialect::Mysql { "BINARY" } else { C::BYTES }),
        };
        self.connect().bytes(&format!("SELECT {bytes} AS bytes FROM patients WHERE id = {id}"))
    }

    /// Writes bytes into `column` of patient 1.
    pub(crate) fn plant(&self, column: &str, bytes: &[u8]) {
        self.connect().set_bytes(&format!("UPDATE patients SET {column} = {} WHERE id = 1", C::PARAMETER), bytes);
    }

    /// Writes text into `column` of patient 1.
    pub(crate) fn plant_text(&self, column: &str, text: &str) {
        self.connect().set_text(&format!("UPDATE patients SET {column} = {} WHERE id = 1", C::PARAMETER), text);
    }

    /// Whether a column of text can be made to hold this. The clinic's is ASCII on MySQL, and PostgreSQL refuses NUL.
    pub(crate) fn can_hold(text: &str) -> bool {
        match C::DIALECT {
            Dialect::Postgres => !text.contains('\0'),
            Dialect::Mysql => text.is_ascii(),
            _ => true,
        }
    }

    /// A number that SQL computes.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.connect().number(&with_bytes::<C>(sql))
    }

    /// The rows of the key table.
    pub(crate) fn key_rows(&self) -> Vec<KeyRow> {
        self.connect().key_rows()
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

/// What a form of bytes begins and ends with, and what is between as bytes.
type Form = (&'static str, &'static str, fn(&str) -> Vec<u8>);

/// `sql` with bytes as this backend writes them.
fn with_bytes<C: Backend>(sql: &str) -> String {
    let forms: [Form; 4] = [
        ("x'", "'", diesel_encrypted_tests::vectors::hex),
        ("zeros(", ")", |length| vec![0; length.parse().unwrap()]),
        ("noise(", ")", |length| Secret::generate().unwrap().expose_bytes()[..length.parse().unwrap()].to_vec()),
        ("utf8('", "')", |text| text.as_bytes().to_vec()),
    ];
    let mut written = String::new();
    let mut rest = sql;
    // What comes first, until there is no more.
    while let Some((at, (begins, ends, bytes))) =
        forms.iter().filter_map(|form| Some((rest.find(form.0)?, form))).min_by_key(|(at, _)| *at)
    {
        let (argument, behind) = rest[at + begins.len()..].split_once(ends).unwrap();
        written.push_str(&rest[..at]);
        written.push_str(&C::literal(&bytes(argument)));
        rest = behind;
    }
    written + rest
}

/// What tells one key row from another.
#[derive(QueryableByName, Clone, Debug)]
pub(crate) struct KeyRow {
    #[diesel(sql_type = BigInt)]
    pub(crate) key_id: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) purpose: i64,
    #[diesel(sql_type = Binary, deserialize_as = Utf8)]
    pub(crate) name: String,
}

/// Text in a column of bytes.
#[derive(FromSqlRow)]
struct Utf8(Vec<u8>);

impl<DB: diesel::backend::Backend> FromSql<Binary, DB> for Utf8
where
    Vec<u8>: FromSql<Binary, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        Vec::from_sql(bytes).map(Self)
    }
}

impl From<Utf8> for String {
    fn from(text: Utf8) -> Self {
        Self::from_utf8(text.0).unwrap()
    }
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
