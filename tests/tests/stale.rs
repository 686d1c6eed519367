//! Lazy re-encryption: models tell which of their loaded values are stale, and rows are sealed anew by compare-and-set.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel_encrypted::key_life::{ActivateKeys, CreateKeys, KeySelection, Processes};
use diesel_encrypted::maintenance::{MaintenanceError, Reason, status};
use diesel_encrypted::prelude::*;
use diesel_encrypted::{
    Algorithm, EncryptedModel, KeyManager, KeyStoreConnection, ManageKeys, ValueError, VaultBuilder, reseal_stale,
};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::on_every_backend;
use diesel_encrypted_tests::people::{connect, root_keys};
use diesel_encrypted_tests::scratch::Scratch;

diesel::table! {
    letters (id) {
        id -> BigInt,
        writer -> Nullable<Binary>,
        subject -> Text,
        body -> Binary,
        answer -> Nullable<Binary>,
    }
}

diesel::table! {
    parcels (country, number) {
        country -> Text,
        number -> Integer,
        content -> Nullable<Binary>,
    }
}

#[derive(Queryable, Selectable, Insertable, Identifiable, AsChangeset, Encrypted, Debug)]
#[diesel(table_name = letters)]
struct Letter {
    id: i64,
    #[encrypt]
    #[searchable(normalize = "lowercase")]
    writer: Option<Encrypted<String, letters::writer>>,
    #[encrypt(pad = 16)]
    #[searchable]
    #[searchable(name = "short", bits = 16)]
    subject: Encrypted<String, letters::subject>,
    #[encrypt]
    body: Sealed<String, letters::body>,
    #[encrypt(bound_to(id))]
    answer: Option<Sealed<String, letters::answer>>,
}

/// A part of the row, that a view shows.
#[derive(Queryable, Selectable, Identifiable, Encrypted)]
#[diesel(table_name = letters)]
#[encrypted(columns_of = Letter)]
struct Subject {
    id: i64,
    #[encrypt]
    subject: Encrypted<String, letters::subject>,
}

#[derive(Queryable, Selectable, Insertable, Identifiable, Encrypted)]
#[diesel(table_name = parcels, primary_key(country, number))]
struct Parcel {
    country: String,
    number: i32,
    #[encrypt(plaintext = "accept")]
    content: Encrypted<Option<String>, parcels::content>,
}

fn tables<C: Backend>() -> Scratch<C> {
    let parcels = format!(
        "CREATE TABLE parcels (country varchar(20), number integer, content {}, PRIMARY KEY (country, number))",
        C::BYTES
    );
    let mut connection = C::with_table::<Letter>(
        "CREATE TABLE letters (id bigint PRIMARY KEY, writer {bytes}, subject {text} NOT NULL, body {bytes} NOT NULL, \
         answer {bytes})",
    );
    connection.batch_execute(&parcels).unwrap();
    connection
}

fn open<C: KeyStoreConnection>(connection: &mut C) -> Vault {
    Vault::builder(root_keys()).model::<Letter>().model::<Parcel>().open(connection).unwrap()
}

/// New keys for everything, in use.
fn renew<C: KeyStoreConnection>(connection: &mut C, selection: &KeySelection) {
    let keys = KeyManager::new(root_keys());
    keys.run(&CreateKeys::new(selection.clone()), connection).unwrap();
    keys.run(&ActivateKeys::new(selection.clone(), Processes::Restarted), connection).unwrap();
}

fn letter(id: i64) -> Letter {
    Letter {
        id,
        writer: (id % 2 == 0).then(|| Encrypted::new(format!("Writer {id}"))),
        subject: Encrypted::new(format!("Subject {id}")),
        body: Sealed::seal(&format!("Body {id}")).unwrap(),
        answer: Some(Sealed::seal_bound(&format!("Answer {id}"), &id).unwrap()),
    }
}

/// Every value opens to what [`letter`] made.
fn check(letters: &[Letter]) {
    for letter in letters {
        let id = letter.id;
        let writer = letter.writer.as_ref().map(|writer| writer.expose().clone());
        assert_eq!(writer, (id % 2 == 0).then(|| format!("Writer {id}")));
        assert_eq!(letter.subject.expose(), &format!("Subject {id}"));
        assert_eq!(letter.body.open().unwrap(), format!("Body {id}"));
        assert_eq!(letter.answer.as_ref().unwrap().open_bound(&id).unwrap(), format!("Answer {id}"));
    }
}

on_every_backend! {
    fn stale_rows_are_told_and_sealed_anew<C>() {
        let mut conn = tables::<C>();
        open(&mut *conn).enter(|| {
            let letters: Vec<Letter> = (1..=4).map(letter).collect();
            assert!(!letters[0].is_stale().unwrap(), "never loaded");
            diesel::insert_into(letters::table).values(&letters).execute(&mut *conn).unwrap();
        });
        for selection in [KeySelection::EveryField, KeySelection::EveryIndex] {
            open(&mut *conn).enter(|| {
                let letters: Vec<Letter> = letters::table.select(Letter::as_select()).load(&mut *conn).unwrap();
                assert!(letters.iter().all(|letter| !letter.is_stale().unwrap()), "{letters:?}");
            });
            renew(&mut *conn, &selection);
            open(&mut *conn).enter(|| {
                diesel::insert_into(letters::table).values(letter(9)).execute(&mut *conn).unwrap();
                let mut letters: Vec<Letter> =
                    letters::table.order(letters::id).select(Letter::as_select()).load(&mut *conn).unwrap();
                let fields = matches!(selection, KeySelection::EveryField);
                let told = letters.iter().map(|letter| letter.is_stale().unwrap()).collect::<Vec<_>>();
                assert_eq!(told, [true, true, true, true, false]);
                assert!(letters[1].subject.is_stale() && letters[1].subject.clone().is_stale());
                assert!(letters[1].subject.as_ref().is_stale() && letters[1].writer.as_ref().unwrap().is_stale());
                assert_eq!(letters[1].body.is_stale().unwrap(), fields, "it has no index");
                let subjects: Vec<Subject> =
                    letters::table.order(letters::id).select(Subject::as_select()).load(&mut *conn).unwrap();
                assert!(subjects[0].is_stale().unwrap() && !subjects[4].is_stale().unwrap());

                let one = letters.remove(0).reseal_stale(&mut *conn).unwrap();
                // writer is NULL, and body and answer have no index that could be stale.
                assert_eq!((one.counts().done, one.counts().skipped), if fields { (3, 0) } else { (1, 2) });
                // A view's rows bring the whole row up to date.
                let viewed = reseal_stale(&subjects[1..2], &mut *conn).unwrap();
                assert_eq!((viewed.counts().done, viewed.is_clean()), (if fields { 4 } else { 2 }, true));
                let rest = reseal_stale(&letters, &mut *conn).unwrap();
                assert!(rest.is_clean());
                let done: Vec<u64> = rest.columns.iter().map(|column| column.counts.done).collect();
                assert_eq!(done, if fields { [1, 2, 2, 2] } else { [1, 2, 0, 0] }, "2 was done, 9 is not stale");

                let letters: Vec<Letter> = letters::table.select(Letter::as_select()).load(&mut *conn).unwrap();
                assert!(letters.iter().all(|letter| !letter.is_stale().unwrap()));
                check(&letters);
                let found = letters::table.filter(letters::writer.blind_eq("WRITER 2"));
                assert_eq!(found.count().get_result::<i64>(&mut *conn).unwrap(), 1);
                diesel::delete(letters::table.find(9)).execute(&mut *conn).unwrap();
            });
            for column in status(&mut *conn).unwrap().iter().filter(|column| column.table == "letters") {
                assert!(column.keys.len() == 1 && column.percent_active() >= 100.0, "{column:?}");
                assert!(column.indexes.iter().all(|index| index.percent_active() >= 100.0), "{column:?}");
            }
        }
    }

    fn rows_are_found_by_composite_keys_and_accepted_plaintext_is_stale<C>() {
        let mut conn = tables::<C>();
        open(&mut *conn).enter(|| {
            let content = |content: &str| Encrypted::new(Some(content.to_owned()));
            let parcels = [
                Parcel { country: "de".into(), number: 1, content: content("a") },
                Parcel { country: "de".into(), number: 2, content: Encrypted::null() },
            ];
            diesel::insert_into(parcels::table).values(parcels).execute(&mut *conn).unwrap();
            let plain = C::literal(b"plain");
            conn.batch_execute(&format!("INSERT INTO parcels VALUES ('d''e', 1, {plain})")).unwrap();

            let all = || parcels::table.order((parcels::country, parcels::number)).select(Parcel::as_select());
            let mut parcels: Vec<Parcel> = all().load(&mut *conn).unwrap();
            parcels.sort_by_key(|parcel| parcel.country.len());
            let told: Vec<bool> = parcels.iter().map(|parcel| parcel.is_stale().unwrap()).collect();
            assert_eq!(told, [false, false, true]);
            assert_eq!(reseal_stale(&parcels, &mut *conn).unwrap().counts().done, 1);
            let parcels: Vec<Parcel> = all().load(&mut *conn).unwrap();
            assert!(parcels.iter().all(|parcel| !parcel.is_stale().unwrap()));
            let mut opened: Vec<_> = parcels.iter().map(|parcel| parcel.content.expose().as_deref()).collect();
            opened.sort_unstable();
            assert_eq!(opened, [None, Some("a"), Some("plain")]);
        });
    }

    fn whatever_is_written_is_under_the_active_key<C>() {
        let mut conn = tables::<C>();
        open(&mut *conn).enter(|| {
            diesel::insert_into(letters::table).values(letter(2)).execute(&mut *conn).unwrap();
        });
        renew(&mut *conn, &KeySelection::All);
        open(&mut *conn).enter(|| {
            let mut loaded: Letter = letters::table.select(Letter::as_select()).first(&mut *conn).unwrap();
            // What it is bound to is not known here: such a value is written as it is.
            loaded.answer = Some(Sealed::seal_bound(&loaded.answer.unwrap().open_bound(&2_i64).unwrap(), &2_i64).unwrap());
            diesel::update(letters::table).set(&loaded).execute(&mut *conn).unwrap();
            let stored: Letter = letters::table.select(Letter::as_select()).first(&mut *conn).unwrap();
            assert!(!stored.is_stale().unwrap());
            check(&[stored]);
        });
    }

    fn what_does_not_open_is_reported_and_left<C>() {
        let mut conn = tables::<C>();
        open(&mut *conn).enter(|| {
            diesel::insert_into(letters::table).values([letter(1), letter(2)]).execute(&mut *conn).unwrap();
        });
        renew(&mut *conn, &KeySelection::EveryField);
        open(&mut *conn).enter(|| {
            let letters: Vec<Letter> = letters::table.order(letters::id).select(Letter::as_select()).load(&mut *conn).unwrap();
            // The answer of another.
            let moved = diesel::sql_query("UPDATE letters SET answer = (SELECT a FROM (SELECT answer AS a FROM letters WHERE id = 2) x) WHERE id = 1");
            moved.execute(&mut *conn).unwrap();
            let report = reseal_stale(&letters, &mut *conn).unwrap();
            let [failure] = &*report.failures else { panic!("{report:?}") };
            assert_eq!((failure.column.as_str(), failure.key.as_str()), ("answer", "1"));
            assert!(matches!(&failure.reason, Reason::Value(ValueError::Tampered { .. })), "{failure}");
            assert_eq!((report.counts().done, report.counts().failed), (6, 1));
        });
    }

    fn no_write_of_the_application_is_lost<C>() {
        let mut conn = tables::<C>();
        let old = open(&mut *conn);
        old.enter(|| {
            let letters: Vec<Letter> = (1..=5).map(letter).collect();
            diesel::insert_into(letters::table).values(&letters).execute(&mut *conn).unwrap();
        });
        renew(&mut *conn, &KeySelection::EveryField);
        let new = open(&mut *conn);
        let url = conn.url().to_owned();
        let (writes, mut done) = (AtomicUsize::new(0), 0);
        std::thread::scope(|scope| {
            scope.spawn(|| old.enter(|| {
                let mut conn = connect::<C>(&url);
                // A process that has not refreshed yet: what it writes is stale.
                for version in 1..=200 {
                    let text = Encrypted::<_, letters::subject>::new(format!("version {version}"));
                    let one = letters::table.find(i64::from(version % 5 + 1));
                    while diesel::update(one).set(letters::subject.eq(&text)).execute(&mut conn).is_err() {}
                    writes.store(version as usize, Relaxed);
                }
            }));
            let mut conn = connect::<C>(&url);
            new.enter(|| {
                while writes.load(Relaxed) < 200 {
                    let letters: Vec<Letter> = letters::table.select(Letter::as_select()).load(&mut conn).unwrap();
                    done += reseal_stale(&letters, &mut conn).unwrap().counts().done;
                }
            });
        });
        assert!(done > 0);
        new.enter(|| {
            let letters: Vec<Letter> = letters::table.order(letters::id).select(Letter::as_select()).load(&mut *conn).unwrap();
            let last: Vec<_> = letters.iter().map(|letter| letter.subject.expose().as_str()).collect();
            assert_eq!(last, ["version 200", "version 196", "version 197", "version 198", "version 199"]);
        });
    }

    fn rows_that_are_up_to_date_cost_no_statement<C>() {
        static STATEMENTS: AtomicUsize = AtomicUsize::new(0);
        let mut conn = tables::<C>();
        open(&mut *conn).enter(|| {
            diesel::insert_into(letters::table).values(letter(2)).execute(&mut *conn).unwrap();
            let letters: Vec<Letter> = letters::table.select(Letter::as_select()).load(&mut *conn).unwrap();
            conn.set_instrumentation(|event: InstrumentationEvent<'_>| {
                if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                    STATEMENTS.fetch_add(1, Relaxed);
                }
            });
            let before = STATEMENTS.load(Relaxed);
            assert!(reseal_stale(&letters, &mut *conn).unwrap().columns.is_empty());
            assert_eq!(STATEMENTS.load(Relaxed), before);
        });
    }
}

#[test]
fn another_algorithm_is_stale_and_no_vault_is_an_error() {
    static OTHER: [diesel_encrypted::Field; 1] = [diesel_encrypted::Field::new(
        "letters.body",
        "letters",
        "body",
        diesel_encrypted::Class::Text,
        diesel_encrypted::Storage::Binary,
    )
    .primary_key(&["id"])
    .algorithm(Algorithm::Xaes256Gcm)];
    let mut conn = tables::<SqliteConnection>();
    let vault = open(&mut *conn);
    let sealed = vault.seal(Letter::fields()[2], "x").unwrap();
    let other = OTHER.iter().fold(Vault::builder(root_keys()), VaultBuilder::field).open(&mut *conn).unwrap();
    assert!(other.is_stale(&OTHER[0], &sealed).unwrap());
    assert!(!vault.is_stale(Letter::fields()[2], &sealed).unwrap());
    assert!(matches!(vault.is_stale(Letter::fields()[2], b"x"), Err(ValueError::NotEncrypted { .. })));

    renew(&mut *conn, &KeySelection::All);
    let row = vault.enter(|| letter(1));
    let reseal = |conn: &mut SqliteConnection| Vault::isolated(|| row.reseal_stale(conn));
    assert!(matches!(reseal(&mut conn), Err(MaintenanceError::NoVault)), "a sealed value asks the vault");
}

#[test]
fn a_value_grows_by_a_flag() {
    assert!(size_of::<Encrypted<String, letters::subject>>() <= size_of::<String>() + size_of::<usize>());
    assert_eq!(size_of::<Encrypted<i32, letters::subject>>(), 8);
}
