//! The models of the suites: a clinic with every kind of encrypted column.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, reason = "fixtures")]

use diesel::prelude::*;
use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::{self, Dialect};
use diesel_encrypted::{EncryptedModel, LocalRootKey, MemoryKeyStore, RootKeyId, RootKeys, VaultBuilder};

diesel::table! {
    patients (id) {
        id -> Integer,
        name -> Text,
        email -> Binary,
        phone -> Nullable<Binary>,
        note -> Text,
        memo -> Nullable<Text>,
        city -> Nullable<Binary>,
        diagnosis -> Nullable<Binary>,
    }
}

diesel::table! {
    visits (id) {
        id -> Integer,
        patient_id -> Integer,
        contact -> Binary,
    }
}

diesel::joinable!(visits -> patients (patient_id));
diesel::allow_tables_to_appear_in_same_query!(patients, visits);

/// The part of an address behind the `@`.
pub fn host(email: &str) -> String {
    email.rsplit_once('@').map_or(email, |(_, host)| host).to_lowercase()
}

#[derive(
    Queryable, QueryableByName, Selectable, Insertable, Identifiable, AsChangeset, Encrypted, Clone, Debug, PartialEq,
)]
#[diesel(table_name = patients, check_for_backend(diesel::sqlite::Sqlite))]
pub struct Patient {
    pub id: i32,
    pub name: String,
    #[encrypt]
    #[searchable(normalize = "lowercase", domain = "contact")]
    #[searchable(name = "host", with = host)]
    pub email: Encrypted<String, patients::email>,
    #[encrypt]
    #[searchable(normalize = "digits")]
    pub phone: Option<Encrypted<String, patients::phone>>,
    #[encrypt]
    #[searchable]
    #[diesel(column_name = note)]
    pub remark: Encrypted<String, patients::note>,
    #[encrypt]
    pub memo: Option<Encrypted<String, patients::memo>>,
    #[encrypt]
    #[searchable(normalize = "lowercase", bits = 8)]
    pub city: Option<Encrypted<String, patients::city>>,
}

/// What is bound to its owner, and so kept sealed.
#[derive(Queryable, Selectable, Identifiable, AsChangeset, Encrypted, Debug)]
#[diesel(table_name = patients, check_for_backend(diesel::sqlite::Sqlite))]
pub struct Chart {
    pub id: i32,
    #[encrypt(bound_to(id))]
    pub diagnosis: Option<Sealed<String, patients::diagnosis>>,
}

#[derive(Queryable, Selectable, Insertable, Identifiable, AsChangeset, Associations, Encrypted, Clone, Debug)]
#[diesel(table_name = visits, belongs_to(Patient), check_for_backend(diesel::sqlite::Sqlite))]
pub struct Visit {
    pub id: i32,
    pub patient_id: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase", domain = "contact")]
    pub contact: Encrypted<String, visits::contact>,
}

/// The tables, in each backend's own types.
pub fn create_tables(binary: &str, text: &str) -> [String; 2] {
    [
        format!(
            "CREATE TABLE patients (id integer PRIMARY KEY, name varchar(50) NOT NULL, email {binary} NOT NULL, \
             phone {binary}, note {text} NOT NULL, memo {text}, city {binary}, diagnosis {binary})"
        ),
        format!("CREATE TABLE visits (id integer PRIMARY KEY, patient_id integer NOT NULL, contact {binary} NOT NULL)"),
    ]
}

/// The types of encrypted columns, of bytes and of text.
pub fn types(dialect: Dialect) -> (&'static str, &'static str) {
    match dialect {
        Dialect::Sqlite => ("blob", "text"),
        Dialect::Postgres => ("bytea", "text"),
        Dialect::Mysql => ("varbinary(500)", "varchar(500) CHARACTER SET ascii COLLATE ascii_bin"),
        other => panic!("a database that the suites do not know: {other:?}"),
    }
}

/// The tables of `dialect`, with the generated columns that searches name on MySQL and MariaDB, and no indexes.
pub fn tables(dialect: Dialect) -> Vec<String> {
    let (binary, text) = types(dialect);
    let columns = [generated_columns::<Patient>(dialect), generated_columns::<Visit>(dialect)].concat();
    create_tables(binary, text).into_iter().chain(columns).collect()
}

/// What adds the generated columns of a model's searches to its table: nothing but on MySQL and MariaDB.
pub fn generated_columns<M: EncryptedModel>(dialect: Dialect) -> Vec<String> {
    let statements = sql::of::<M>(dialect).indexes().unwrap();
    statements.into_iter().filter(|statement| statement.starts_with("ALTER TABLE")).collect()
}

pub fn patient(id: i32, email: &str) -> Patient {
    Patient {
        id,
        name: "Ada".into(),
        email: Encrypted::new(email.into()),
        phone: Some(Encrypted::new("555-01".into())),
        remark: Encrypted::new(format!("note {email}")),
        memo: None,
        city: None,
    }
}

pub fn visit(id: i32, patient_id: i32, contact: &str) -> Visit {
    Visit { id, patient_id, contact: Encrypted::new(contact.into()) }
}

/// One key store and root key: every vault of a clinic opens what another sealed.
pub struct Clinic {
    store: MemoryKeyStore,
    root: [u8; 32],
}

impl Clinic {
    #[allow(clippy::new_without_default, reason = "each is another")]
    pub fn new() -> Self {
        let root = *Secret::generate().unwrap().expose_bytes();
        Self { store: MemoryKeyStore::new(), root }
    }

    /// A vault of these fields.
    pub fn open(&self, fields: impl FnOnce(VaultBuilder) -> VaultBuilder) -> Vault {
        let root = LocalRootKey::new(RootKeyId::new("clinic").unwrap(), Secret::from_slice(&self.root).unwrap());
        fields(Vault::builder(RootKeys::new(root))).open_with(&mut self.store.clone()).unwrap()
    }

    /// A vault of all models.
    pub fn vault(&self) -> Vault {
        self.open(|builder| builder.model::<Patient>().model::<Chart>().model::<Visit>())
    }
}

/// A vault with keys of its own: what one seals, no other opens.
pub fn vault() -> Vault {
    Clinic::new().vault()
}

/// A fresh SQLite database in memory, with the tables.
pub fn sqlite() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    for statement in tables(Dialect::Sqlite) {
        diesel::sql_query(statement).execute(&mut connection).unwrap();
    }
    connection
}

/// A fresh database on PostgreSQL, with the tables.
#[cfg(feature = "postgres")]
pub fn postgres() -> crate::server::Scratch<PgConnection> {
    let mut connection = crate::server::postgres();
    for statement in tables(Dialect::Postgres) {
        diesel::sql_query(statement).execute(&mut *connection).unwrap();
    }
    connection
}

/// A fresh database on MySQL or MariaDB, with the tables.
#[cfg(feature = "mysql")]
pub fn mysql() -> crate::server::Scratch<MysqlConnection> {
    let mut connection = crate::server::mysql();
    for statement in tables(Dialect::Mysql) {
        diesel::sql_query(statement).execute(&mut *connection).unwrap();
    }
    connection
}
