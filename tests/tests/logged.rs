//! What `tracing` is told of vaults and of values that do not open: names and never values.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, unreachable_pub, reason = "tests")]

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, LazyLock, Mutex},
};

use diesel::prelude::*;
use diesel_encrypted::{KeyStoreConnection, LocalRootKey, RootKeyId, Sealed, format::text, keys::Secret, prelude::*};
use diesel_encrypted_tests::clinic::{self, Patient, patient, patients};
use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// An event: its level, who told it, and its fields, the message among them.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    level: Level,
    target: &'static str,
    fields: BTreeMap<&'static str, String>,
}

impl Told {
    fn message(&self) -> &str {
        self.fields.get("message").map_or("", String::as_str)
    }

    fn names(&self) -> Vec<&str> {
        self.fields.keys().copied().collect()
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

/// Keeps the events of a thread.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<Told>>>);

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut told = Told { level: *metadata.level(), target: metadata.target(), fields: BTreeMap::new() };
        event.record(&mut told);
        self.0.lock().unwrap().push(told);
    }
}

/// With one subscriber alive, `tracing` remembers for all threads whether the first to meet an event was listening. With
/// several it asks each.
static ALWAYS: LazyLock<[Dispatch; 2]> = LazyLock::new(|| [(); 2].map(|()| Dispatch::new(Listener::default())));

/// Our events while `action` runs on this thread, without their order in other crates.
fn told(action: impl FnOnce()) -> Vec<Told> {
    LazyLock::force(&ALWAYS);
    let listener = Listener::default();
    tracing::subscriber::with_default(listener.clone(), action);
    let told = listener.0.lock().unwrap();
    told.iter().filter(|event| event.target.starts_with("diesel_encrypted")).cloned().collect()
}

fn only(events: &[Told]) -> &Told {
    assert_eq!(events.len(), 1, "{events:#?}");
    &events[0]
}

const ROOT: [u8; 32] = *b"a root key that is easy to spot!";

fn open(application: &str, connection: &mut impl KeyStoreConnection) -> Result<Vault, diesel_encrypted::VaultError> {
    let root = LocalRootKey::new(RootKeyId::new("main").unwrap(), Secret::from_slice(&ROOT).unwrap());
    Vault::builder(RootKeys::new(root))
        .application(application)
        .scope(*b"tenant no. 8")
        .model::<Patient>()
        .open(connection)
}

/// Asserts that no event has eight bytes of `secret` in a row, as text, numbers, hexadecimal or base64.
fn assert_silent(events: &[Told], secret: &[u8]) {
    let all = format!("{events:?}");
    let base64 = text::encode(secret);
    let mut pieces: Vec<String> = base64.as_bytes().windows(11).map(|w| String::from_utf8_lossy(w).into()).collect();
    for window in secret.windows(8) {
        pieces.extend(std::str::from_utf8(window).map(String::from));
        pieces.push(window.iter().map(|byte| format!("{byte:02x}")).collect());
        pieces.push(format!("{window:?}").replace(['[', ']'], ""));
    }
    for piece in pieces {
        assert!(!all.contains(&piece), "`{piece}` in {all}");
    }
}

macro_rules! logged {
    ($backend:ident: $connection:ty, $connect:path) => {
        mod $backend {
            use super::*;

            #[test]
            fn a_vault_that_opens_tells_its_application_fields_and_root_keys() {
                let connection: &mut $connection = &mut $connect();
                let first = told(|| drop(open("clinic", connection).unwrap()));
                assert!(first.iter().all(|event| event.level == Level::INFO), "{first:#?}");
                let messages: Vec<&str> = first.iter().map(Told::message).collect();
                assert_eq!(
                    messages.first(),
                    Some(&"the tables encryption_keys, encrypted_columns and encryption_audit were made")
                );
                assert!(messages.contains(&"the key table was brought up to date"), "{messages:?}");
                assert_eq!(messages.last(), Some(&"the vault is open"));

                let again = told(|| drop(open("clinic", connection).unwrap()));
                let opened = only(&again);
                assert_eq!(opened.names(), ["application", "fields", "message", "root_keys", "scoped"]);
                assert_eq!(opened.fields["application"], "\"clinic\"");
                assert_eq!(opened.fields["fields"], "5");
                assert_eq!(opened.fields["scoped"], "true");
                let root_keys = &opened.fields["root_keys"];
                assert!(root_keys.contains("`main` ("), "{root_keys}");
                for events in [first, again] {
                    assert_silent(&events, &ROOT);
                    assert_silent(&events, b"tenant no. 8");
                }
            }

            #[test]
            fn a_vault_that_does_not_open_tells_why() {
                let connection: &mut $connection = &mut $connect();
                drop(open("clinic", connection).unwrap());
                let events = told(|| drop(open("shop", connection).unwrap_err()));
                let refused = only(&events);
                assert_eq!((refused.level, refused.message()), (Level::ERROR, "the vault could not be opened"));
                assert_eq!(refused.names(), ["application", "error", "message"]);
                assert_eq!(refused.fields["application"], "\"shop\"");
                assert!(refused.fields["error"].contains("belong to the application `clinic`"), "{refused:#?}");
                assert_silent(&events, &ROOT);
            }

            #[test]
            fn a_value_that_does_not_open_tells_its_field_and_why_and_nothing_of_itself() {
                let vault = clinic::vault();
                vault.enter(|| {
                    let connection: &mut $connection = &mut $connect();
                    diesel::insert_into(patients::table)
                        .values(&patient(1, "grace.hopper@navy.example"))
                        .execute(connection)
                        .unwrap();
                    let stored: Vec<u8> = diesel::dsl::sql::<diesel::sql_types::Binary>("SELECT email FROM patients")
                        .get_result(connection)
                        .unwrap();
                    diesel::sql_query("UPDATE patients SET email = substr(email, 1, length(email) - 1)")
                        .execute(connection)
                        .unwrap();
                    let events = told(|| {
                        let read: QueryResult<Patient> = patients::table.select(Patient::as_select()).first(connection);
                        read.unwrap_err();
                    });
                    let refused = only(&events);
                    assert_eq!((refused.level, refused.message()), (Level::WARN, "a value could not be opened"));
                    assert_eq!(refused.names(), ["error", "field", "message"]);
                    assert_eq!(refused.fields["field"], "\"patients.email\"");
                    assert!(refused.fields["error"].starts_with("`patients.email`"), "{refused:#?}");
                    assert_silent(&events, b"grace.hopper@navy.example");
                    // Its header names the key, as the message does.
                    assert_silent(&events, &stored[8..]);
                });
            }

            #[test]
            fn plaintext_in_an_encrypted_column_is_told_of_and_not_quoted() {
                clinic::vault().enter(|| {
                    let connection: &mut $connection = &mut $connect();
                    diesel::insert_into(patients::table).values(&patient(1, "a@x")).execute(connection).unwrap();
                    diesel::sql_query("UPDATE patients SET note = 'Grace Hopper has a cold'")
                        .execute(connection)
                        .unwrap();
                    let events = told(|| {
                        let read: QueryResult<Patient> = patients::table.select(Patient::as_select()).first(connection);
                        read.unwrap_err();
                    });
                    assert_eq!(only(&events).fields["field"], "\"patients.note\"");
                    assert!(only(&events).fields["error"].contains("encrypt"), "{events:#?}");
                    assert_silent(&events, b"Grace Hopper has a cold");
                });
            }

            #[test]
            fn a_value_that_opens_and_one_that_is_searched_tell_nothing() {
                clinic::vault().enter(|| {
                    let connection: &mut $connection = &mut $connect();
                    let events = told(|| {
                        diesel::insert_into(patients::table).values(&patient(1, "a@x")).execute(connection).unwrap();
                        let found = patients::table.filter(patients::email.blind_eq("a@x")).select(patients::email);
                        let sealed: Sealed<String, patients::email> = found.first(connection).unwrap();
                        assert_eq!(sealed.open().unwrap(), "a@x");
                    });
                    assert_eq!(events, []);
                });
            }
        }
    };
}

logged!(sqlite: SqliteConnection, clinic::sqlite);
#[cfg(feature = "postgres")]
logged!(postgres: PgConnection, clinic::postgres);
#[cfg(feature = "mysql")]
logged!(mysql: MysqlConnection, clinic::mysql);

/// The server says it too late: after the value was sent, or not at all.
#[cfg(feature = "mysql")]
#[test]
fn columns_that_hold_more_than_a_statement_brings_are_told() {
    let connection = &mut clinic::mysql();
    assert!(
        told(|| drop(open("clinic", &mut **connection).unwrap()))
            .iter()
            .all(|event| !event.message().contains("longer"))
    );
    diesel::sql_query("ALTER TABLE patients MODIFY email longblob NOT NULL").execute(&mut **connection).unwrap();
    let events = told(|| drop(open("clinic", &mut **connection).unwrap()));
    let told = events.iter().find(|event| event.message().contains("longer values than a statement")).unwrap();
    let packet = diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>("@@max_allowed_packet"));
    assert_eq!(told.fields["max_allowed_packet"], packet.first::<i64>(&mut **connection).unwrap().to_string());
    assert_eq!((told.level, told.fields["columns"].as_str()), (Level::INFO, "\"patients.email\""));
}

#[cfg(feature = "mysql")]
#[test]
fn a_search_whose_generated_column_is_missing_is_told_with_the_statement_that_makes_it() {
    let connection = &mut clinic::mysql();
    drop(open("clinic", &mut **connection).unwrap());
    let found = told(|| drop(open("clinic", &mut **connection).unwrap()));
    assert!(found.iter().all(|event| event.level == Level::INFO), "{found:#?}");

    for statement in diesel_encrypted::sql::of::<Patient>(diesel_encrypted::sql::Dialect::Mysql).drop_indexes() {
        diesel::sql_query(statement).execute(&mut **connection).unwrap();
    }
    let mut warnings = told(|| drop(open("clinic", &mut **connection).unwrap()));
    warnings.retain(|event| event.level == Level::WARN);
    let columns: Vec<&str> = warnings.iter().map(|told| told.fields["column"].as_str()).collect();
    assert_eq!(columns, ["\"email\"", "\"email\"", "\"phone\"", "\"note\"", "\"city\""]);
    for told in &warnings {
        assert_eq!(told.message(), "searches of this column fail: the generated column that they name is missing");
        let statement = told.fields["statement"].trim_matches('"');
        diesel::sql_query(statement).execute(&mut **connection).unwrap();
    }
    let found = told(|| drop(open("clinic", &mut **connection).unwrap()));
    assert!(found.iter().all(|event| event.level == Level::INFO), "{found:#?}");
}

#[allow(dead_code, reason = "models are declared whole")]
mod migrating {
    //! A table that is read while it is migrated, and as strictly as afterwards.

    use super::*;

    macro_rules! model {
        ($release:ident, $(#[$option:meta])*) => {
            pub mod $release {
                use diesel::prelude::*;
                use diesel_encrypted::{Json, prelude::*};

                diesel::table! {
                    visits (id) {
                        id -> Integer,
                        email -> Text,
                        chart -> Binary,
                    }
                }

                #[derive(Debug, Queryable, Selectable, Encrypted)]
                #[diesel(table_name = visits)]
                pub struct Visit {
                    pub id: i32,
                    $(#[$option])*
                    pub email: Encrypted<String, visits::email>,
                    $(#[$option])*
                    pub chart: Encrypted<Json<serde_json::Value>, visits::chart>,
                }
            }
        };
    }

    model!(both, #[encrypt(plaintext = "accept")]);
    model!(strict, #[encrypt]);

    macro_rules! plaintext {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use diesel::connection::SimpleConnection;
            use diesel_encrypted::{Json, ValueError};
            use diesel_encrypted_tests::backend::Backend;

            use super::*;

            fn vault<M: diesel_encrypted::EncryptedModel>(connection: &mut $connection) -> Vault {
                let root = LocalRootKey::new(RootKeyId::new("main").unwrap(), Secret::from_slice(&ROOT).unwrap());
                Vault::builder(RootKeys::new(root)).model::<M>().open(connection).unwrap()
            }

            #[test]
            fn each_plaintext_that_is_read_is_an_event_and_in_a_strict_column_an_error() {
                let mut connection = <$connection>::with_table::<both::Visit>(
                    "CREATE TABLE visits (id integer PRIMARY KEY, email {text}, chart {bytes})",
                );
                let conn: &mut $connection = &mut connection;
                let vault = self::vault::<both::Visit>(conn);
                let chart = <$connection>::literal(br#"{"pulse": 61, "note": "in the clear"}"#);
                conn.batch_execute(&format!("INSERT INTO visits VALUES (1, 'ada.in.the.clear@example.org', {chart})"))
                    .unwrap();
                let sealed = |value: &str| {
                    let fields = <both::Visit as diesel_encrypted::EncryptedModel>::fields();
                    let email = text::encode(&vault.seal(fields[0], value).unwrap());
                    let chart = vault.seal(fields[1], &Json(serde_json::json!({ "pulse": 62 }))).unwrap();
                    format!("'{email}', {}", <$connection>::literal(&chart))
                };
                conn.batch_execute(&format!("INSERT INTO visits VALUES (2, {})", sealed("sealed@example.org"))).unwrap();

                let mut loaded = Vec::new();
                let events = told(|| {
                    let rows = both::visits::table.select(both::Visit::as_select()).order(both::visits::id);
                    loaded = vault.enter(|| rows.load(conn)).unwrap();
                });
                assert_eq!(loaded[0].email.expose(), "ada.in.the.clear@example.org");
                assert_eq!(loaded[0].chart.expose().0["pulse"], 61);
                assert_eq!(loaded[1].chart.expose().0["pulse"], 62);
                let read: Vec<_> = events.iter().map(|event| (event.level, event.fields["field"].as_str())).collect();
                assert_eq!(read, [(Level::INFO, "\"visits.email\""), (Level::INFO, "\"visits.chart\"")], "{events:?}");
                assert!(events.iter().all(|event| event.message().starts_with("a value was read as plaintext")));
                assert_silent(&events, b"ada.in.the.clear@example.org");
                assert_silent(&events, b"in the clear");

                let strict = self::vault::<strict::Visit>(conn);
                let mut refused = None;
                let events = told(|| {
                    let row = strict::visits::table.find(1).select(strict::visits::email);
                    let loaded = strict.enter(|| row.first::<Encrypted<String, strict::visits::email>>(conn));
                    refused = Some(loaded.map(|_| ()));
                });
                let refused = refused.unwrap();
                assert!(matches!(refused.encryption_error(), Some(ValueError::NotEncrypted { .. })), "{refused:?}");
                assert_eq!(only(&events).message(), "a value could not be opened");
                assert_silent(&events, b"ada.in.the.clear@example.org");
            }
        }
    };
}

    diesel_encrypted_tests::on_each!(plaintext);
}
