//! A table whose sealed columns are kept in step by maintenance: what it held under an older model, and under a newer one.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, reason = "fixtures")]

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use diesel::{prelude::*, sql_types};
use diesel_encrypted::{
    Algorithm, Binding, Class, Field, Index, Json, KeyStoreConnection, LocalRootKey, Normalizer, OpenVault, Owner,
    Plaintext, RootKeyId, RootKeys, Storage, Vault, VaultBuilder, format::text, keys::Secret,
    maintenance::MaintenanceConnection,
};

use crate::backend::Backend;
use crate::scratch::Scratch;

const fn email() -> Field {
    Field::new("people.email", "people", "email", Class::Text, Storage::Binary).primary_key(&["id"])
}

const fn note() -> Field {
    Field::new("people.note", "people", "note", Class::Text, Storage::Text).primary_key(&["id"]).padding(16)
}

const fn chart() -> Field {
    Field::new("people.chart", "people", "chart", Class::Json, Storage::Binary)
        .primary_key(&["id"])
        .binding(Binding::Columns(&["id"]))
}

const DEFAULT: Index = Index::new("default").normalize(&[Normalizer::Lowercase]);

/// What the application declared first.
pub static OLD: [Field; 3] = [email().indexes(&[DEFAULT]), note().indexes(&[DEFAULT]), chart()];

/// What it declares now: other algorithms, and more indexes.
pub static NEW: [Field; 3] = [
    email().algorithm(Algorithm::Xaes256Gcm).indexes(&[DEFAULT, Index::new("exact")]),
    note().algorithm(Algorithm::XChaCha20Poly1305).indexes(&[
        DEFAULT,
        Index::new("exact"),
        Index::new("short").bits(16),
    ]),
    chart().algorithm(Algorithm::Xaes256Gcm),
];

/// The same while plaintext is accepted.
pub static MIGRATING: [Field; 3] = [
    email().indexes(&[DEFAULT]).plaintext(Plaintext::Accept),
    note().indexes(&[DEFAULT]).plaintext(Plaintext::Accept),
    chart().plaintext(Plaintext::Accept),
];

/// A number and two values.
pub type Row = (i64, Option<Vec<u8>>, Option<Vec<u8>>);

/// A connection that the suites of maintenance can use.
pub trait Database: Backend + KeyStoreConnection + MaintenanceConnection + Send {
    /// A primary key of random order that is a UUID, as this database has it.
    const UUID: &str;
    /// Rows of a number and two values.
    fn rows(&mut self, sql: &str) -> Vec<Row>;
    /// One number.
    fn number(&mut self, sql: &str) -> i64;
}

macro_rules! database {
    ($connection:ty, $uuid:literal) => {
        impl Database for $connection {
            const UUID: &str = $uuid;

            fn rows(&mut self, sql: &str) -> Vec<Row> {
                type Bytes = sql_types::Nullable<sql_types::Binary>;
                diesel::dsl::sql::<(sql_types::BigInt, Bytes, Bytes)>(&format!("SELECT {sql}")).load(self).unwrap()
            }

            fn number(&mut self, sql: &str) -> i64 {
                diesel::dsl::sql::<sql_types::BigInt>(&format!("SELECT {sql}")).get_result(self).unwrap()
            }
        }
    };
}

database!(SqliteConnection, "text");
#[cfg(feature = "postgres")]
database!(PgConnection, "uuid");
#[cfg(feature = "mysql")]
database!(MysqlConnection, "uuid");

/// The root key of every vault over the table.
pub fn root_keys() -> RootKeys {
    RootKeys::new(LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[7; 32]).unwrap()))
}

/// A vault of these fields.
pub fn vault<C: KeyStoreConnection>(connection: &mut C, fields: &'static [Field]) -> Vault {
    let builder = fields.iter().fold(Vault::builder(root_keys()), VaultBuilder::field);
    builder.open(connection).unwrap()
}

/// A vault of the registry alone, as a tool opens it.
pub fn registered<C: KeyStoreConnection>(connection: &mut C) -> Vault {
    Vault::builder(root_keys()).registered().open(connection).unwrap()
}

/// A vault that vouches for users.
pub fn users<C: KeyStoreConnection>(connection: &mut C) -> Vault {
    Vault::builder(root_keys()).users().open(connection).unwrap()
}

/// A fresh database with the table, whose key is a number.
pub fn table<C: Database>() -> Scratch<C> {
    let mut connection = C::fresh();
    let statement = format!(
        "CREATE TABLE people (id bigint PRIMARY KEY, other integer NOT NULL DEFAULT 0, email {bytes}, note {text}, \
         chart {bytes}, plain {text})",
        bytes = C::BYTES,
        text = C::TEXT
    );
    connection.batch_execute(&statement).unwrap();
    connection
}

/// The sealed values of person `id`, whose values are those of `version`.
pub fn sealed(vault: &Vault, fields: &'static [Field], id: i64, version: u64) -> [Vec<u8>; 3] {
    let [email, note, chart] = fields else { panic!("three fields") };
    let owner = Owner::of(&id).unwrap();
    [
        vault.seal(email, &format!("Person{id}.{version}@example.org")).unwrap(),
        text::encode(&vault.seal(note, &format!("note {id} {version}")).unwrap()).into_bytes(),
        vault.seal_bound(chart, &Json(serde_json::json!({ "id": id, "version": version })), &owner).unwrap(),
    ]
}

/// The same values in the clear.
pub fn in_the_clear(id: i64, version: u64) -> [Vec<u8>; 3] {
    let chart = serde_json::json!({ "id": id, "version": version });
    [format!("Person{id}.{version}@example.org"), format!("note {id} {version}"), chart.to_string()]
        .map(String::into_bytes)
}

/// Adds people in the clear, as an application without encryption did.
pub fn fill_in_the_clear<C: Database>(connection: &mut C, ids: std::ops::Range<i64>) {
    let ids: Vec<i64> = ids.collect();
    for ids in ids.chunks(200) {
        let row = |id: &i64| {
            let [email, note, chart] = in_the_clear(*id, 0);
            let note = String::from_utf8(note).unwrap();
            format!("({id}, {}, '{note}', {})", C::literal(&email), C::literal(&chart))
        };
        let rows: Vec<String> = ids.iter().map(row).collect();
        let insert = format!("INSERT INTO people (id, email, note, chart) VALUES {}", rows.join(", "));
        connection.batch_execute(&insert).unwrap();
    }
}

/// Adds people, with every tenth value NULL.
pub fn fill<C: Database>(connection: &mut C, vault: &Vault, fields: &'static [Field], ids: std::ops::Range<i64>) {
    let ids: Vec<i64> = ids.collect();
    for ids in ids.chunks(200) {
        let rows: Vec<String> = ids
            .iter()
            .map(|id| {
                let [email, note, chart] = sealed(vault, fields, *id, 0);
                let (email, chart) = (C::literal(&email), C::literal(&chart));
                let note = String::from_utf8(note).unwrap();
                match id % 10 {
                    0 => format!("({id}, NULL, NULL, NULL)"),
                    _ => format!("({id}, {email}, '{note}', {chart})"),
                }
            })
            .collect();
        let statement = format!("INSERT INTO people (id, email, note, chart) VALUES {}", rows.join(", "));
        connection.batch_execute(&statement).unwrap();
    }
}

/// Opens every value, and compares it with what `version` of its row it has to be; the number of values.
pub fn check<C: Database>(
    connection: &mut C,
    vault: &Vault,
    fields: &'static [Field],
    version: impl Fn(i64) -> Option<u64>,
) -> usize {
    let [email, note, chart] = fields else { panic!("three fields") };
    let note_bytes = match C::DIALECT {
        diesel_encrypted::sql::Dialect::Postgres => "convert_to(note, 'UTF8')",
        _ => "CAST(note AS {B})",
    };
    let note_bytes =
        note_bytes.replace("{B}", if C::DIALECT == diesel_encrypted::sql::Dialect::Sqlite { "BLOB" } else { "BINARY" });
    let mut values = 0;
    for (id, email_value, note_value) in connection.rows(&format!("id, email, {note_bytes} FROM people")) {
        let (Some(email_value), Some(note_value)) = (email_value, note_value) else { continue };
        let opened: String = vault.open(email, email_value).unwrap();
        let found: u64 = opened.rsplit_once('@').unwrap().0.rsplit_once('.').unwrap().1.parse().unwrap();
        assert_eq!(opened, format!("Person{id}.{found}@example.org"));
        let opened: String = vault.open_text(note, str::from_utf8(&note_value).unwrap()).unwrap();
        assert!(opened.starts_with(&format!("note {id} ")), "{opened}");
        if let Some(version) = version(id) {
            assert_eq!(found, version, "person {id}");
            assert_eq!(opened, format!("note {id} {version}"));
        }
        values += 2;
    }
    for (id, chart_value, _) in connection.rows("id, chart, chart FROM people") {
        let Some(chart_value) = chart_value else { continue };
        let opened: Json<serde_json::Value> = vault.open_bound(chart, chart_value, &Owner::of(&id).unwrap()).unwrap();
        assert_eq!(opened.0.get("id"), Some(&id.into()));
        values += 1;
    }
    values
}

/// A connection of a worker's or a writer's own.
pub fn connect<C: Database>(url: &str) -> C {
    let mut connection = C::establish(url).unwrap();
    if C::DIALECT == diesel_encrypted::sql::Dialect::Sqlite {
        connection.batch_execute("PRAGMA busy_timeout = 30000; PRAGMA synchronous = OFF").unwrap();
    }
    connection
}

/// Says that writers are to stop, also when a test fails: else it would wait for them for ever.
#[derive(Debug, Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// Whether to stop.
    pub fn is_said(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Says so when what this gives is dropped.
    pub fn at_the_end(&self) -> impl Drop {
        struct Guard<'s>(&'s AtomicBool);
        impl Drop for Guard<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        Guard(&self.0)
    }
}

/// An application that goes on writing people of its own.
pub struct Writer<C> {
    connection: C,
    vault: Vault,
    fields: &'static [Field],
    ids: Vec<i64>,
    /// Whether it knows of no encryption.
    plain: bool,
    /// What each person that was written was given last.
    pub versions: BTreeMap<i64, u64>,
    random: u64,
}

impl<C: Database> Writer<C> {
    /// Writes every `step`th of `ids`.
    pub fn new(url: &str, vault: &Vault, fields: &'static [Field], ids: std::ops::Range<i64>, step: usize) -> Self {
        let random =
            Secret::generate().unwrap().expose_bytes().first_chunk().map_or(1, |bytes| u64::from_le_bytes(*bytes));
        let ids = ids.step_by(step).collect();
        let (connection, vault, versions) = (connect(url), vault.clone(), BTreeMap::new());
        Self { connection, vault, fields, ids, plain: false, versions, random }
    }

    /// Writes in the clear, as a release did that knows of no encryption.
    pub fn in_the_clear(mut self) -> Self {
        self.plain = true;
        self
    }

    /// Gives one of them new values, in one statement.
    pub fn write(&mut self) {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = usize::try_from(self.random >> 33).unwrap() % self.ids.len();
        let Some(id) = self.ids.get(place).copied() else { return };
        let version = self.versions.get(&id).copied().unwrap_or(0) + 1;
        let [email, note, chart] = match self.plain {
            false => sealed(&self.vault, self.fields, id, version),
            true => in_the_clear(id, version),
        };
        let note = String::from_utf8(note).unwrap();
        let statement = format!(
            "UPDATE people SET email = {}, note = '{note}', chart = {} WHERE id = {id}",
            C::literal(&email),
            C::literal(&chart)
        );
        // A deadlock, or a database that is locked for long: as an application, again.
        while self.connection.batch_execute(&statement).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        self.versions.insert(id, version);
    }
}
