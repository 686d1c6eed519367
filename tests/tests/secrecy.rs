//! Nothing prints a secret: `Debug` of every type that holds one, `Display` and `Debug` of every error that can be
//! provoked, Diesel's `debug_query`, and what is told to the log, are searched for plaintexts, keys and passphrases, as
//! they are, in hexadecimal, in base64 and as lists of numbers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that cannot go on fails"
)]

use std::{
    collections::BTreeSet,
    error::Error,
    fmt::{Debug, Write},
    marker::PhantomData,
    sync::{LazyLock, Mutex},
};

use diesel::{ExpressionMethods, QueryDsl, debug_query};
use diesel_encrypted::{EncryptedColumn, Sealed, dsl::BlindIndexExpressionMethods};
use diesel_encrypted_core::{
    Class, Decode, DecodeError, Encode, EncodeError, Field, Json, MemoryKeyStore, Owner, Plaintext, RootKeyId,
    RootKeys, Storage, ValueError, Vault,
    format::text,
    keys::{DataKey, Secret},
    value::{ValueClass, class},
};
use diesel_encrypted_tests::{
    clinic,
    vectors::{self, document, field, hex},
};
use serde::{Serialize, Serializer, ser};

/// The plaintext of every value here.
const PLAINTEXT: &str = "Grace Hopper, born 1906-12-09";
const PASSPHRASE: &str = "walnut parade eleven cobalt ridge thimble";

/// Everything that was printed, and by whom.
#[derive(Default)]
struct Printed(Vec<(String, String)>);

impl Printed {
    fn debug(&mut self, what: &str, value: &impl Debug) {
        self.0.push((what.to_owned(), format!("{value:?} {value:#?}")));
    }

    fn error(&mut self, what: &str, error: &(dyn Error + 'static)) {
        let mut said = String::new();
        let mut next = Some(error);
        while let Some(error) = next {
            write!(said, "{error} {error:?} {error:#?} ").unwrap();
            next = error.source();
        }
        self.0.push((what.to_owned(), said));
    }

    fn assert_silent(&self) {
        let pieces = pieces();
        for (what, said) in &self.0 {
            assert!(!said.is_empty(), "{what} prints nothing at all");
            let lower = said.to_lowercase();
            for piece in &pieces {
                assert!(!said.contains(piece) && !lower.contains(piece), "{what} shows a piece of a secret: {said}");
            }
        }
    }
}

/// Every piece of every secret, in every form: long enough not to occur by chance.
fn pieces() -> Vec<String> {
    let keys = document().root_keys.iter().map(|root| &root.key);
    let keys = keys.chain(document().encryption_keys.iter().map(|row| &row.data_key)).map(|key| hex(key));
    let secrets = keys.chain([PLAINTEXT, PASSPHRASE].map(|text| text.as_bytes().to_vec()));
    let windows = |text: &str, len: usize| -> Vec<String> {
        text.as_bytes().windows(len).map(|piece| String::from_utf8(piece.to_vec()).unwrap()).collect()
    };
    secrets
        .flat_map(|secret| {
            let base64 = text::encode(&secret);
            let numbers = secret.windows(4).map(|list| format!("{list:?}").replace(['[', ']'], ""));
            [
                std::str::from_utf8(&secret).map(|text| windows(text, 8)).unwrap_or_default(),
                windows(&vectors::to_hex(&secret), 12),
                windows(&base64, 10),
                windows(&base64.replace('-', "+").replace('_', "/"), 10),
                numbers.collect(),
            ]
            .concat()
        })
        .collect()
}

/// Bytes of a class that they need not be valid for.
struct Raw<C>(Vec<u8>, PhantomData<C>);

fn raw<C>(bytes: impl Into<Vec<u8>>) -> Raw<C> {
    Raw(bytes.into(), PhantomData)
}

impl<C: ValueClass> Encode for Raw<C> {
    type Class = C;

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

/// A serde type whose failure quotes it.
struct Quoting;

impl Serialize for Quoting {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom(PLAINTEXT))
    }
}

static MIGRATED: Field =
    Field::new("people.name", "people", "name", Class::Text, Storage::Binary).plaintext(Plaintext::Accept);
static UNKNOWN: Field = Field::new("people.unknown", "people", "unknown", Class::Text, Storage::Binary);

/// An error of each way in which a value can fail.
fn value_errors() -> Vec<ValueError> {
    fn refused<T>(result: Result<T, ValueError>) -> ValueError {
        result.map(|_| ()).expect_err("it must fail")
    }
    fn misread<C: ValueClass, V: Decode>(vault: &Vault, id: &str, bytes: &[u8]) -> ValueError {
        let sealed = vault.seal(field(id), &raw::<C>(bytes)).unwrap();
        refused(vault.open::<V>(field(id), sealed))
    }
    let vault = vectors::vault(None);
    let (name, email, phone, note) =
        (field("people.name"), field("people.email"), field("people.phone"), field("people.note"));
    let owner = Owner::of(PLAINTEXT).unwrap();
    let sealed = vault.seal(name, PLAINTEXT).unwrap();
    let altered = |at: usize| {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        altered
    };
    let destroyed = document().bad_values.iter().find(|case| case.error == "KeyDestroyed").unwrap();
    let vectors::Stored::Binary(destroyed) = &destroyed.stored else { unreachable!("a binary column") };
    let json = serde_json::to_vec(PLAINTEXT).unwrap();
    let not_utf8 = [PLAINTEXT.as_bytes(), b"\xFF"].concat();

    let mut errors = vec![
        refused(Vault::isolated(|| Vault::with_current(name, |vault| vault.seal(name, PLAINTEXT)))),
        refused(vault.seal(&UNKNOWN, PLAINTEXT)),
        refused(vault.seal_bound(name, PLAINTEXT, &owner)),
        refused(vault.seal_bound(note, PLAINTEXT, &owner.clone().and(PLAINTEXT).unwrap())),
        refused(vault.seal(name, &None::<String>)),
        refused(vault.seal(field("samples.json"), &Json(Quoting))),
        refused(vault.search_slots(field("samples.float"), 0, &f64::NAN)),
        refused(vault.search_slots(email, 0, &raw::<class::Text>(&*not_utf8))),
        refused(vault.search_slots(field("samples.decimal"), 0, &raw::<class::Decimal>(PLAINTEXT))),
        refused(vault.open::<String>(name, PLAINTEXT.as_bytes())),
        refused(vault.open_text::<String>(phone, PLAINTEXT)),
        refused(vault.open::<String>(name, [&[0xE1, 0, 0], PLAINTEXT.as_bytes()].concat())),
        refused(vault.open::<String>(name, [&[0xE1, 0x80], PLAINTEXT.as_bytes()].concat())),
        refused(vault.open::<String>(name, altered(20))),
        refused(vault.open::<String>(name, altered(6))),
        refused(vault.open::<String>(name, altered(sealed.len() - 1))),
        refused(vault.open::<String>(email, sealed.clone())),
        refused(vault.open::<i64>(name, sealed.clone())),
        refused(vault.open::<String>(field("people.history"), hex(destroyed))),
        misread::<class::Text, String>(&vault, "people.name", &not_utf8),
        misread::<class::Bytes, [u8; 4]>(&vault, "samples.bytes", PLAINTEXT.as_bytes()),
        misread::<class::Bool, bool>(&vault, "samples.bool", PLAINTEXT.as_bytes()),
        misread::<class::Signed, i64>(&vault, "samples.signed", PLAINTEXT.as_bytes()),
        misread::<class::Unsigned, u8>(&vault, "samples.unsigned", &PLAINTEXT.as_bytes()[..8]),
        misread::<class::Uuid, uuid::Uuid>(&vault, "samples.uuid", PLAINTEXT.as_bytes()),
        misread::<class::Time, chrono::NaiveDate>(&vault, "samples.time", PLAINTEXT.as_bytes()),
        misread::<class::Json, Json<Vec<u32>>>(&vault, "samples.json", &json),
        misread::<class::Json, Json<String>>(&vault, "samples.json", PLAINTEXT.as_bytes()),
    ];
    let migrating = vectors::vault_of(&MIGRATED);
    errors.push(refused(migrating.open::<i64>(&MIGRATED, PLAINTEXT.as_bytes())));
    errors.push(refused(migrating.open::<String>(&MIGRATED, not_utf8)));
    errors.push(refused(migrating.open::<Json<u32>>(&MIGRATED, json)));
    errors
}

/// The log of this process, whatever test wrote to it.
static LOG: LazyLock<&'static Mutex<String>> = LazyLock::new(|| {
    static TEXT: Mutex<String> = Mutex::new(String::new());
    tracing::subscriber::set_global_default(Recorder(&TEXT)).unwrap();
    &TEXT
});

struct Recorder(&'static Mutex<String>);

impl tracing::Subscriber for Recorder {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut log = self.0.lock().unwrap();
        event.record(&mut |field: &tracing::field::Field, value: &dyn Debug| {
            write!(log, "{field}={value:?} ").unwrap();
        });
        log.push('\n');
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn no_error_of_a_value_shows_it() {
    LazyLock::force(&LOG);
    let mut printed = Printed::default();
    let errors = value_errors();
    errors.iter().for_each(|error| printed.error("an error of a value", error));
    printed.assert_silent();

    let variant = |error: &dyn Debug| format!("{error:?}").split([' ', '(']).next().unwrap().to_owned();
    let variants: BTreeSet<String> = errors.iter().map(|error| variant(error)).collect();
    let expected = [
        "Decode",
        "Encode",
        "KeyDestroyed",
        "Malformed",
        "NoVault",
        "NotEncrypted",
        "OtherField",
        "OwnerLength",
        "Ownership",
        "Tampered",
        "UnknownField",
        "UnknownKey",
    ];
    assert!(variants.iter().eq(&expected.map(str::to_owned)), "not every error was provoked: {variants:?}");
    let causes: BTreeSet<String> = errors
        .iter()
        .filter_map(|error| match error {
            ValueError::Decode { source, .. } => Some(variant(source)),
            ValueError::Encode { source, .. } => Some(variant(source)),
            _ => None,
        })
        .collect();
    let expected = ["Class", "Invalid", "Json", "NoPlaintextForm", "NotANumber", "Null", "OutOfRange"];
    assert!(causes.iter().eq(&expected.map(str::to_owned)), "not every cause was provoked: {causes:?}");
    assert_eq!(DecodeError::Padding.to_string(), "its padding is malformed", "and this one holds nothing");
}

#[test]
fn no_error_of_a_vault_or_a_root_key_shows_a_key() {
    LazyLock::force(&LOG);
    let mut printed = Printed::default();
    for vector in &document().bad_rows {
        let store = vectors::store();
        store.tamper(|stored| vectors::change(stored, vector));
        let error = vectors::builder(None).open_with(&mut store.clone()).expect_err("the row was changed");
        printed.error(&vector.name, &error);
    }
    let key = &document().root_keys[0].key;
    let base64 = text::encode(&hex(key));
    let refused = |result: Result<RootKeys, diesel_encrypted_core::SourceError>| result.expect_err("it must fail");
    printed.error("a key as an id", &RootKeyId::new(format!("{key}!")).unwrap_err());
    for (what, error) in [
        ("a key cut short", refused(RootKeys::from_hex(&key[1..]))),
        ("a key with a wrong character", refused(RootKeys::from_hex(&format!("{}g", &key[1..])))),
        ("a key list without ids", refused(RootKeys::from_key_list(&format!("{base64}="), None))),
        ("a key list without padding", refused(RootKeys::from_key_list(&format!("main/{base64}"), None))),
        ("a key as an id of a list", refused(RootKeys::from_key_list(&format!("{key}/{base64}="), None))),
        ("a key as the active id", refused(RootKeys::from_key_list(&format!("main/{base64}="), Some(key)))),
        (
            "a key as a path",
            refused(RootKeys::from_vars(|name| (name == "ENCRYPTION_KEY").then(|| base64.clone().into()))),
        ),
        ("a short passphrase", refused(RootKeys::from_passphrase(&PASSPHRASE[..20], "/nowhere/at/all"))),
        ("a passphrase without its file", refused(RootKeys::from_passphrase(PASSPHRASE, "/nowhere/at/all"))),
    ] {
        printed.error(what, &error);
    }
    printed.assert_silent();
}

#[test]
fn what_holds_a_key_does_not_print_it() {
    LazyLock::force(&LOG);
    let mut printed = Printed::default();
    let root = &document().root_keys[0];
    let row = document().encryption_keys[1].row();
    printed.debug("a secret", &Secret::from_slice(&hex(&root.key)).unwrap());
    printed.debug("a root key", &vectors::root_key(root));
    printed.debug("root keys", &vectors::root_keys());
    printed.debug("a vault's builder", &vectors::builder(None));
    let key = DataKey::unwrap(row.context.clone(), &vectors::root_key(root), &row.wrapped, &row.check).unwrap();
    printed.debug("a data key", &key);
    let vault = vectors::vault(None);
    vault.seal(field("people.name"), PLAINTEXT).unwrap();
    printed.debug("a vault", &vault);
    printed.debug("a future within a vault", &vault.attach(|| std::future::ready(PLAINTEXT)));
    printed.debug("a store", &vectors::store());
    printed.debug("no store", &MemoryKeyStore::new());
    printed.assert_silent();
}

#[test]
fn the_log_shows_neither() {
    LazyLock::force(&LOG);
    let errors = value_errors();
    let root = &document().root_keys[0];
    RootKeys::from_hex(&root.key).unwrap();
    let log = LOG.lock().unwrap().clone();
    let failures = log.lines().filter(|line| line.contains("could not be opened")).count();
    assert!(failures >= errors.len() / 2, "what fails to open is logged: {log}");
    assert!(log.contains("root key loaded") && log.contains("the vault is open"), "{log}");
    Printed(vec![("the log".to_owned(), log)]).assert_silent();
}

#[test]
fn the_search_finds_what_is_printed() {
    for leak in [
        PLAINTEXT.to_owned(),
        vectors::to_hex(PLAINTEXT.as_bytes()),
        format!("{:?}", PLAINTEXT.as_bytes()),
        text::encode(PASSPHRASE.as_bytes()),
        document().root_keys[0].key.to_uppercase(),
        format!("quoted {}", &PLAINTEXT[7..17]),
    ] {
        let printed = Printed(vec![("a leak".to_owned(), leak)]);
        std::panic::catch_unwind(|| printed.assert_silent()).expect_err("the leak is found");
    }
}

macro_rules! values {
    ($backend:ident: $database:ty) => {
        mod $backend {
            use super::clinic::{Patient, patients, visits};
            use super::*;

            #[test]
            fn what_holds_a_value_does_not_print_it() {
                LazyLock::force(&LOG);
                let mut printed = Printed::default();
                printed.debug("an owner", &Owner::of(PLAINTEXT).unwrap());
                printed.debug("JSON", &Json(PLAINTEXT));
                clinic::vault().enter(|| {
                    let patient = Patient { name: "a name in the clear".into(), ..clinic::patient(1, PLAINTEXT) };
                    let sealed = Sealed::<String, patients::email>::seal(PLAINTEXT).unwrap();
                    printed.debug("a model", &patient);
                    printed.debug("an encrypted value", &patient.email);
                    printed.debug("a sealed value", &sealed);
                    let (all, remark) = (Sealed::open_all([&sealed, &sealed]), patients::note.seal(PLAINTEXT));
                    assert_eq!(all.opened.len(), 2);
                    printed.debug("opened values", &all);
                    printed.debug("a bind", &remark);
                    let insert = diesel::insert_into(patients::table).values(&patient);
                    printed.debug("an insert", &debug_query::<$database, _>(&insert));
                    printed.debug(
                        "an update",
                        &debug_query::<$database, _>(&diesel::update(patients::table).set(&patient)),
                    );
                    let assign = diesel::update(patients::table).set(patients::email.eq(&patient.email));
                    printed.debug("an assignment", &debug_query::<$database, _>(&assign));
                    let email = patients::email::field();
                    let slots = Vault::with_current(email, |vault| vault.search_slots(email, 0, PLAINTEXT)).unwrap();
                    let tag = vectors::to_hex(&slots[0][1..]);
                    for (what, said) in [
                        (
                            "a search",
                            debug_query::<$database, _>(&patients::table.filter(patients::email.blind_eq(PLAINTEXT)))
                                .to_string(),
                        ),
                        (
                            "a refusal",
                            debug_query::<$database, _>(&patients::table.filter(patients::email.blind_ne(PLAINTEXT)))
                                .to_string(),
                        ),
                        (
                            "a list",
                            debug_query::<$database, _>(
                                &visits::table.filter(visits::contact.blind_eq_any([PLAINTEXT])),
                            )
                            .to_string(),
                        ),
                    ] {
                        assert!(!said.to_lowercase().contains(&tag), "{what} shows a tag: {said}");
                        printed.0.push((what.to_owned(), said));
                    }
                });
                printed.assert_silent();
            }
        }
    };
}

values!(sqlite: diesel::sqlite::Sqlite);
#[cfg(feature = "postgres")]
values!(postgres: diesel::pg::Pg);
#[cfg(feature = "mysql")]
values!(mysql: diesel::mysql::Mysql);
