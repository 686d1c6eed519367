//! The known answers of `tests/vectors/format.json`, and the fields and the key table that they speak of.
//!
//! The file is made by another implementation (`tests/vectors/make.py`). Its keys are published: never use them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a vector that cannot be read must stop the test"
)]

use std::sync::LazyLock;

use diesel_encrypted_core::{
    Algorithm, Binding, Class, Decode, Encode, Field, Index, Json, LocalRootKey, MemoryKeyStore, Normalizer, Owner,
    RootKeyId, RootKeys, Storage, Stored as Rows, Vault, VaultBuilder,
    keys::{AuditRow, Fingerprint, KeyContext, KeyEvent, KeyRow, KeyState, Purpose, RegistryRow, Secret, Timestamp},
};
use serde::Deserialize;
use serde_json::Value;

/// `format.json`.
#[derive(Deserialize)]
pub struct Document {
    pub application: String,
    pub root_keys: Vec<Root>,
    pub derivations: Vec<Derivation>,
    pub encryption_keys: Vec<Key>,
    pub encrypted_columns: Vec<Column>,
    pub encryption_audit: Audit,
    pub values: Vec<Sealed>,
    pub searches: Vec<Search>,
    pub bad_values: Vec<BadValue>,
    pub bad_wrapped_keys: Vec<BadWrappedKey>,
    pub bad_rows: Vec<BadRow>,
}

#[derive(Deserialize)]
pub struct Root {
    pub id: String,
    pub key: String,
    pub fingerprint: String,
}

/// `HKDF-Expand(key, info, 32) = out`.
#[derive(Deserialize)]
pub struct Derivation {
    pub name: String,
    pub key: String,
    pub info: String,
    pub out: String,
}

/// A row of `encryption_keys`, the key it wraps, and its context `K`.
#[derive(Deserialize)]
pub struct Key {
    pub application: String,
    pub key_id: u32,
    pub purpose: String,
    pub version: u32,
    pub name: String,
    pub scope: Option<String>,
    pub state: String,
    pub index: String,
    pub root_id: String,
    pub root_fingerprint: String,
    pub wrapped: String,
    pub check: String,
    pub mac: String,
    pub data_key: String,
    pub context: String,
}

/// A row of `encrypted_columns`.
#[derive(Deserialize)]
pub struct Column {
    pub field_id: String,
    pub table: String,
    pub column: String,
    pub storage: String,
    pub class: u8,
    pub primary_key: String,
    pub indexes: String,
    pub options: String,
    pub mac: String,
}

/// Rows of `encryption_audit`, and the MACs of the manifests that list them.
#[derive(Deserialize)]
pub struct Audit {
    pub rows: Vec<Event>,
    pub manifests: Vec<Manifest>,
}

/// A row of `encryption_audit`.
#[derive(Deserialize)]
pub struct Event {
    pub key_id: u32,
    pub sequence: u32,
    pub scope: Option<String>,
    pub event: String,
    pub at_micros: i64,
    pub root_id: String,
    pub mac: String,
}

impl Event {
    #[must_use]
    pub fn row(&self) -> AuditRow {
        let events = (1..).map_while(KeyEvent::from_u8);
        let event = events.into_iter().find(|event| event.to_string() == self.event).unwrap();
        let scope = self.scope.as_deref().map(hex);
        let at = Timestamp::from_unix_micros(self.at_micros);
        let mut row = AuditRow::new(self.key_id, self.sequence, scope, event, at, self.root_id.clone());
        row.mac = hex(&self.mac).try_into().unwrap();
        row
    }
}

/// The MAC of a manifest.
#[derive(Deserialize)]
pub struct Manifest {
    pub key_id: u32,
    pub mac: String,
}

/// The type and the value of each identifier.
pub type Identifiers = Vec<(String, Value)>;

/// A sealed value, and every step to it.
#[derive(Deserialize)]
pub struct Sealed {
    pub name: String,
    pub field: String,
    pub scope: Option<String>,
    pub owner: Option<Identifiers>,
    #[serde(rename = "type")]
    pub kind: String,
    pub value: Value,
    pub encoded: String,
    pub key_id: u32,
    pub algorithm: u8,
    pub flags: u8,
    pub class: u8,
    pub slots: Vec<String>,
    pub info: String,
    pub nonce: String,
    pub aad: String,
    pub content: String,
    pub sealed: String,
    pub text: String,
}

#[derive(Deserialize)]
pub struct Search {
    pub name: String,
    pub field: String,
    pub scope: Option<String>,
    pub index: usize,
    #[serde(rename = "type")]
    pub kind: String,
    pub value: Value,
    pub slots: Vec<String>,
}

/// What a column holds.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stored {
    Binary(String),
    Text(String),
}

#[derive(Deserialize)]
pub struct BadValue {
    pub name: String,
    pub field: String,
    pub scope: Option<String>,
    pub owner: Option<Identifiers>,
    #[serde(rename = "type")]
    pub kind: String,
    pub stored: Stored,
    pub error: String,
}

#[derive(Deserialize)]
pub struct BadWrappedKey {
    pub name: String,
    pub wrapped: String,
    pub error: String,
}

/// One cell of a row, changed.
#[derive(Deserialize)]
pub struct BadRow {
    pub name: String,
    pub key_id: Option<u32>,
    pub field_id: Option<String>,
    pub column: String,
    pub value: Value,
    pub error: String,
}

static DOCUMENT: LazyLock<Document> =
    LazyLock::new(|| serde_json::from_str(include_str!("../vectors/format.json")).expect("format.json is read"));

#[must_use]
pub fn document() -> &'static Document {
    &DOCUMENT
}

#[must_use]
pub fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "hex has two digits a byte");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const LOWERCASE: &[Normalizer] = &[Normalizer::Lowercase];
const MAIL: &[Index] = &[Index::new("default").normalize(LOWERCASE).domain("mail")];
const PLAIN: &[Index] = &[Index::new("default")];
const EMAIL_DOMAIN: Normalizer = Normalizer::Custom {
    name: "email_domain",
    apply: |text| text.rsplit_once('@').map_or(text, |(_, domain)| domain).to_owned(),
};

const fn people(id: &'static str, column: &'static str, class: Class, storage: Storage) -> Field {
    Field::new(id, "people", column, class, storage).primary_key(&["id"])
}

const fn sample(id: &'static str, column: &'static str, class: Class, indexes: &'static [Index]) -> Field {
    Field::new(id, "samples", column, class, Storage::Binary).primary_key(&["id"]).indexes(indexes)
}

static NAME: Field = people("people.name", "name", Class::Text, Storage::Binary);
static EMAIL: Field = people("people.email", "email", Class::Text, Storage::Binary).indexes(&[
    Index::new("default").normalize(LOWERCASE),
    Index::new("short").normalize(&[Normalizer::Trim, Normalizer::Casefold]).bits(16),
]);
static PHONE: Field = people("people.phone", "phone", Class::Text, Storage::Text)
    .algorithm(Algorithm::Xaes256Gcm)
    .padding(32)
    .indexes(&[Index::new("default").normalize(&[Normalizer::Digits])]);
static NOTE: Field = people("people.note", "note", Class::Text, Storage::Binary)
    .algorithm(Algorithm::XChaCha20Poly1305)
    .binding(Binding::Columns(&["id"]));
static CHART: Field =
    people("people.chart", "chart", Class::Json, Storage::Binary).binding(Binding::External).padding(64);
static LOGIN: Field = people("people.login", "user_name", Class::Text, Storage::Binary).indexes(MAIL);
static SECOND_MAIL: Field = people("people.mail", "mail", Class::Text, Storage::Text).indexes(MAIL);
static HISTORY: Field = people("people.history", "history", Class::Text, Storage::Binary).indexes(&[
    Index::new("default").normalize(&[Normalizer::Trim, Normalizer::Lowercase]),
    Index::new("gone").removed(),
    Index::new("domain").normalize(&[EMAIL_DOMAIN, Normalizer::Lowercase]),
]);
static TEXT: Field = sample(
    "samples.text",
    "text",
    Class::Text,
    &[
        Index::new("nfkc").normalize(&[Normalizer::Nfkc]),
        Index::new("eight").normalize(&[Normalizer::Trim]).bits(8),
        Index::new("twelve").normalize(&[Normalizer::Digits]).bits(12),
        Index::new("exact").bits(111),
    ],
);
static BYTES: Field = sample("samples.bytes", "bytes", Class::Bytes, PLAIN);
static BOOL: Field = sample("samples.bool", "bool", Class::Bool, &[]);
static SIGNED: Field = sample("samples.signed", "signed", Class::Signed, PLAIN);
static UNSIGNED: Field = sample("samples.unsigned", "unsigned", Class::Unsigned, PLAIN);
static FLOAT: Field = sample("samples.float", "float", Class::Float, PLAIN);
static UUID: Field = sample("samples.uuid", "uuid", Class::Uuid, PLAIN);
static TIME: Field = sample("samples.time", "time", Class::Time, PLAIN);
static DECIMAL: Field = sample("samples.decimal", "decimal", Class::Decimal, PLAIN);
static JSON: Field = sample("samples.json", "json", Class::Json, &[]);

/// Every field of the vectors.
pub static FIELDS: [&Field; 18] = [
    &NAME,
    &EMAIL,
    &PHONE,
    &NOTE,
    &CHART,
    &LOGIN,
    &SECOND_MAIL,
    &HISTORY,
    &TEXT,
    &BYTES,
    &BOOL,
    &SIGNED,
    &UNSIGNED,
    &FLOAT,
    &UUID,
    &TIME,
    &DECIMAL,
    &JSON,
];

#[must_use]
pub fn field(id: &str) -> &'static Field {
    FIELDS.into_iter().find(|field| field.id() == id).unwrap_or_else(|| panic!("no field {id}"))
}

/// Both tables, as the vectors have them.
#[must_use]
pub fn store() -> MemoryKeyStore {
    let store = MemoryKeyStore::new();
    store.tamper(|stored| {
        stored.keys = document().encryption_keys.iter().map(Key::row).collect();
        stored.fields = document().encrypted_columns.iter().map(Column::row).collect();
    });
    store
}

#[must_use]
pub fn root_key(root: &Root) -> LocalRootKey {
    LocalRootKey::new(RootKeyId::new(&*root.id).unwrap(), Secret::from_slice(&hex(&root.key)).unwrap())
}

#[must_use]
pub fn root_keys() -> RootKeys {
    let [first, second] = &document().root_keys[..] else { panic!("two root keys") };
    RootKeys::new(root_key(first)).with(root_key(second)).unwrap()
}

/// A builder with the fields that have keys in `scope`.
pub fn builder(scope: Option<&str>) -> VaultBuilder {
    let builder = Vault::builder(root_keys()).application(&*document().application);
    match scope {
        None => FIELDS.into_iter().fold(builder, VaultBuilder::field),
        Some(scope) => builder.scope(hex(scope)).field(&NAME).field(&EMAIL),
    }
}

/// A vault over the vectors' own rows.
#[must_use]
pub fn vault(scope: Option<&str>) -> Vault {
    builder(scope).open_with(&mut store()).unwrap()
}

/// A vault for this field alone, over a table of its own.
#[must_use]
pub fn vault_of(field: &'static Field) -> Vault {
    Vault::builder(root_keys()).field(field).open_with(&mut MemoryKeyStore::new()).unwrap()
}

impl Key {
    #[must_use]
    pub fn row(&self) -> KeyRow {
        let (application, name) = (self.application.clone(), self.name.clone());
        let scope = self.scope.as_deref().map(hex);
        let purpose = purpose(&self.purpose);
        let mut row = KeyRow::empty(KeyContext::new(application, self.key_id, purpose, self.version, name, scope));
        row.state = state(&self.state);
        row.index = (!self.index.is_empty()).then(|| serde_json::from_str(&self.index).unwrap());
        row.root_id = self.root_id.clone();
        row.root_fingerprint = Fingerprint::new(hex(&self.root_fingerprint).try_into().unwrap());
        row.wrapped = hex(&self.wrapped);
        row.check = hex(&self.check).try_into().unwrap();
        row.mac = hex(&self.mac).try_into().unwrap();
        row
    }
}

impl Column {
    #[must_use]
    pub fn row(&self) -> RegistryRow {
        let mut row = RegistryRow::new(self.field_id.clone(), self.table.clone(), self.column.clone());
        row.storage = self.storage.clone();
        row.class = self.class;
        row.primary_key = self.primary_key.clone();
        row.indexes = self.indexes.clone();
        row.options = self.options.clone();
        row.mac = hex(&self.mac).try_into().unwrap();
        row
    }
}

/// Changes the cell that the vector names.
pub fn change(stored: &mut Rows, vector: &BadRow) {
    match (vector.key_id, &vector.field_id) {
        (Some(id), _) => change_key(stored.keys.iter_mut().find(|row| row.context.key_id == id).unwrap(), vector),
        (_, Some(id)) => change_field(stored.fields.iter_mut().find(|row| row.field_id == *id).unwrap(), vector),
        _ => panic!("which row?"),
    }
}

fn change_key(row: &mut KeyRow, change: &BadRow) {
    let text = || change.value.as_str().unwrap().to_owned();
    let number = || u32::try_from(change.value.as_u64().unwrap()).unwrap();
    let before = row.clone();
    match &*change.column {
        "application" => row.context.application = text(),
        "key_id" => row.context.key_id = number(),
        "purpose" => row.context.purpose = purpose(&text()),
        "version" => row.context.version = number(),
        "name" => row.context.name = text(),
        "state" => row.state = state(&text()),
        "index" => row.index = serde_json::from_str(&text()).unwrap(),
        "root_id" => row.root_id = text(),
        "root_fingerprint" => {
            row.root_fingerprint = Fingerprint::new(hex(&text()).try_into().unwrap());
        }
        "wrapped" => row.wrapped = hex(&text()),
        "check" => row.check = hex(&text()).try_into().unwrap(),
        "mac" => row.mac = hex(&text()).try_into().unwrap(),
        column => panic!("no column {column}"),
    }
    assert!(before != *row, "the vector changes nothing");
}

fn change_field(row: &mut RegistryRow, change: &BadRow) {
    let text = || change.value.as_str().unwrap().to_owned();
    let before = row.clone();
    match &*change.column {
        "table" => row.table = text(),
        "column" => row.column = text(),
        "storage" => row.storage = text(),
        "class" => row.class = change.value.as_u64().unwrap().try_into().unwrap(),
        "primary_key" => row.primary_key = text(),
        "indexes" => row.indexes = text(),
        "options" => row.options = text(),
        "mac" => row.mac = hex(&text()).try_into().unwrap(),
        column => panic!("no column {column}"),
    }
    assert_ne!(before, *row, "the vector changes nothing");
}

#[must_use]
pub fn purpose(name: &str) -> Purpose {
    [Purpose::Encrypt, Purpose::Index, Purpose::State, Purpose::Manifest]
        .into_iter()
        .find(|it| it.to_string() == name)
        .unwrap()
}

#[must_use]
pub fn state(name: &str) -> KeyState {
    (1..=4).filter_map(KeyState::from_u8).find(|it| it.to_string() == name).unwrap()
}

/// Work that is done with a value's own Rust type.
pub trait Typed {
    type Out;

    /// `read` reads the type from JSON.
    fn with<V: Encode + Decode>(self, read: fn(&Value) -> V) -> Self::Out;
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Does `work` with the type that the vectors call `kind`.
pub fn typed<W: Typed>(kind: &str, work: W) -> W::Out {
    match kind {
        "text" => work.with::<String>(|value| text(value).to_owned()),
        "bytes" => work.with::<Vec<u8>>(|value| hex(text(value))),
        "bool" => work.with::<bool>(|value| value.as_bool().unwrap()),
        "i16" => work.with::<i16>(|value| value.as_i64().unwrap().try_into().unwrap()),
        "i64" => work.with::<i64>(|value| value.as_i64().unwrap()),
        "u8" => work.with::<u8>(|value| value.as_u64().unwrap().try_into().unwrap()),
        "u64" => work.with::<u64>(|value| value.as_u64().unwrap()),
        "f32" => work.with::<f32>(|value| text(value).parse().unwrap()),
        "f64" => work.with::<f64>(|value| text(value).parse().unwrap()),
        "uuid" => work.with::<uuid::Uuid>(|value| text(value).parse().unwrap()),
        "date" => work.with::<chrono::NaiveDate>(|value| text(value).parse().unwrap()),
        "time" => work.with::<chrono::NaiveTime>(|value| text(value).parse().unwrap()),
        "datetime" => work.with::<chrono::NaiveDateTime>(|value| text(value).parse().unwrap()),
        "instant" => work.with::<chrono::DateTime<chrono::Utc>>(|value| text(value).parse().unwrap()),
        "decimal" => work.with::<bigdecimal::BigDecimal>(|value| text(value).parse().unwrap()),
        "json" => work.with::<Json<Value>>(|value| Json(value.clone())),
        _ => panic!("no type {kind}"),
    }
}

/// The owner of a bound value.
#[must_use]
pub fn owner(identifiers: &Identifiers) -> Owner {
    struct And<'a>(Option<Owner>, &'a Value);

    impl Typed for And<'_> {
        type Out = Owner;

        fn with<V: Encode + Decode>(self, read: fn(&Value) -> V) -> Owner {
            let id = read(self.1);
            self.0.map_or_else(|| Owner::of(&id), |owner| owner.and(&id)).unwrap()
        }
    }
    let owner = identifiers.iter().fold(None, |owner, (kind, id)| Some(typed(kind, And(owner, id))));
    owner.expect("an owner has an identifier")
}
