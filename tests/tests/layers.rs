//! Columns of two layers: a user's seal within the application's, on every database.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test that cannot go on fails"
)]

use std::ops::ControlFlow;

use diesel::connection::SimpleConnection;
use diesel::dsl::{count_star, insert_into, update};
use diesel::prelude::*;
use diesel_encrypted::format::value::SealedValue;
use diesel_encrypted::key_life::{ActivateKeys, CreateKeys, KeySelection, Processes};
use diesel_encrypted::keys::Secret;
use diesel_encrypted::maintenance::{Maintenance, MaintenanceError, Progress, Selection};
use diesel_encrypted::prelude::*;
use diesel_encrypted::users::{UserId, UserKey};
use diesel_encrypted::{
    Algorithm, Decode, EncryptedModel, KeyManager, KeyStoreConnection, LocalRootKey, ManageKeys, RootKeyId, ValueError,
    VaultBuilder, VaultError,
};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::on_every_backend;
use diesel_encrypted_tests::scratch::Scratch;

diesel::table! {
    notes (id) {
        id -> Integer,
        author -> Integer,
        body -> Binary,
        title -> Nullable<Text>,
        place -> Nullable<Binary>,
        chart -> Nullable<Binary>,
    }
}

const TABLE: &str = "CREATE TABLE notes (id integer PRIMARY KEY, author integer NOT NULL, body {bytes} NOT NULL, \
                     title {text}, place {bytes}, chart {bytes})";

#[derive(Queryable, Selectable, Insertable, Identifiable, AsChangeset, Encrypted)]
#[diesel(table_name = notes)]
struct Note {
    id: i32,
    author: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase")]
    body: Layered<String, notes::body>,
    #[encrypt(algorithm = "xaes-256-gcm", pad = 32)]
    #[searchable]
    title: Layered<Option<String>, notes::title>,
    #[encrypt]
    #[searchable(bits = 8)]
    place: Option<Layered<String, notes::place>>,
}

/// A value that is bound to its row in the user's layer.
#[derive(Queryable, Selectable, Encrypted)]
#[diesel(table_name = notes)]
struct Chart {
    id: i32,
    #[encrypt(bound_to(id))]
    chart: Option<Layered<Vec<u8>, notes::chart>>,
}

fn builder() -> VaultBuilder {
    let root = LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[7; 32]).unwrap());
    Vault::builder(RootKeys::new(root)).users()
}

/// The application's vault, and a table.
fn opened<C: Backend + KeyStoreConnection>() -> (Scratch<C>, Vault)
where
    Scratch<C>: std::ops::DerefMut<Target = C>,
{
    let mut connection = C::with_table::<Note>(TABLE);
    let vault = builder().model::<Note>().model::<Chart>().open(&mut *connection).unwrap();
    (connection, vault)
}

fn user(vault: &Vault, id: i64) -> UserKey {
    vault.authority().unwrap().create(UserId::of(&id).unwrap()).unwrap()
}

fn vault_of(key: &UserKey) -> Vault {
    key.vault(&[], &[Note::fields(), Chart::fields()].concat())
}

/// Another key of the application's for each column, and a vault that knows it.
fn renew_keys<C: Backend + KeyStoreConnection>(connection: &mut C) -> Vault {
    let root = LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[7; 32]).unwrap());
    let keys = KeyManager::new(RootKeys::new(root));
    keys.run(&CreateKeys::new(KeySelection::All), connection).unwrap();
    keys.run(&ActivateKeys::new(KeySelection::All, Processes::Restarted), connection).unwrap();
    builder().model::<Note>().model::<Chart>().open(connection).unwrap()
}

/// Made in the user's vault.
fn note(id: i32, author: i32, body: &str) -> Note {
    let title = Encrypted::new(Some(Sealed::seal(&format!("on {body}")).unwrap()).into());
    Note { id, author, body: Sealed::seal(body).unwrap().into(), title, place: None }
}

fn open<T: Decode, C>(value: &Layered<T, C>) -> Result<T, ValueError>
where
    C: diesel_encrypted::DeclaredColumn<Binding = diesel_encrypted::Unbound>,
{
    value.expose().open()
}

fn of<T>(result: QueryResult<T>) -> ValueError {
    result.encryption_error().unwrap_or_else(|| panic!("no error of ours")).clone()
}

fn on(_: &Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

on_every_backend! {
    fn rows_load_without_the_user_and_open_with_them_alone<C>() {
        let (mut conn, application) = opened::<C>();
        let (ada, bob) = (user(&application, 7), user(&application, 8));
        application.enter(|| {
            // All within the user's vault: the application's stays at hand.
            vault_of(&ada).enter(|| insert_into(notes::table).values(note(1, 7, "Mine")).execute(&mut *conn)).unwrap();
            let sealed: Note = notes::table.select(Note::as_select()).first(&mut *conn).unwrap();
            assert!(matches!(open(&sealed.body), Err(ValueError::UserLayer { .. })));
            assert!(matches!(vault_of(&bob).enter(|| open(&sealed.body)), Err(ValueError::UnknownKey { .. })));
            vault_of(&ada).enter(|| {
                assert_eq!(open(&sealed.body).unwrap(), "Mine");
                let title = sealed.title.expose().clone().into_option().unwrap();
                assert_eq!(title.open().unwrap(), "on Mine");
                let again: Note = notes::table.select(Note::as_select()).first(&mut *conn).unwrap();
                assert_eq!(open(&again.body).unwrap(), "Mine");
                assert!(again.place.is_none());
            });
            // What is loaded is stored again without the user.
            update(&sealed).set(&sealed).execute(&mut *conn).unwrap();
            let moved = vec![Note { id: 2, ..sealed }];
            insert_into(notes::table).values(&moved).execute(&mut *conn).unwrap();
            let bodies: Vec<Layered<String, notes::body>> = notes::table.select(notes::body).load(&mut *conn).unwrap();
            assert!(vault_of(&ada).enter(|| bodies.iter().all(|body| open(body).unwrap() == "Mine")));
        });
    }

    fn one_finds_ones_own_and_nobody_elses<C>() {
        let (mut conn, application) = opened::<C>();
        let users = [7, 8].map(|id| (i32::try_from(id).unwrap(), vault_of(&user(&application, id))));
        application.enter(|| {
            for (id, vault) in &users {
                vault.enter(|| {
                    for (row, body) in [(10, "Hello"), (20, "hello"), (30, "other")] {
                        let place = Some(Sealed::seal(body).unwrap().into());
                        let note = Note { place, ..note(row + id, *id, body) };
                        insert_into(notes::table).values(note).execute(&mut *conn).unwrap();
                    }
                });
            }
            for (id, vault) in &users {
                vault.enter(|| {
                    let found = notes::table.filter(notes::body.blind_eq("HELLO")).select(notes::id).order(notes::id);
                    assert_eq!(found.load::<i32>(&mut *conn).unwrap(), [10 + id, 20 + id]);
                    let found = notes::table.filter(notes::title.blind_eq("on other")).select(notes::author);
                    assert_eq!(found.load::<i32>(&mut *conn).unwrap(), [*id]);
                    let found: Vec<Note> = notes::place
                        .blind_eq_candidates("hello")
                        .confirm(
                            |filter| notes::table.filter(filter).select(Note::as_select()).load(&mut *conn),
                            |note| &note.place,
                        )
                        .unwrap();
                    assert_eq!(found.iter().map(|note| note.id).collect::<Vec<_>>(), [20 + id]);
                });
            }
            // Tags of two users have nothing in common.
            let groups = notes::table.group_by(notes::body.blind_index()).select(count_star()).load::<i64>(&mut *conn);
            assert_eq!(groups.unwrap().len(), 4);
        });
    }

    fn candidates_that_are_another_users_equal_nothing<C>() {
        let (mut conn, application) = opened::<C>();
        let [ada, bob] = [7, 8].map(|id| vault_of(&user(&application, id)));
        let field = Note::fields()[2];
        let of_ada = ada.search_slots(field, 0, "Rome").unwrap();
        // 8 bits of a tag: another word of another user has the same.
        let word = (0..).map(|n| n.to_string()).find(|word| bob.search_slots(field, 0, word).unwrap() == of_ada).unwrap();
        application.enter(|| {
            for (id, vault, place) in [(1, &ada, "Rome"), (2, &bob, word.as_str())] {
                vault.enter(|| {
                    let note = Note { place: Some(Sealed::seal(place).unwrap().into()), ..note(id, id, "x") };
                    insert_into(notes::table).values(note).execute(&mut *conn).unwrap();
                });
            }
            let found: Vec<Note> = bob.enter(|| {
                let load = |filter| notes::table.filter(filter).select(Note::as_select()).load(&mut *conn);
                notes::place.blind_eq_candidates(&word).confirm(load, |note: &Note| &note.place).unwrap()
            });
            assert_eq!(found.iter().map(|note| note.id).collect::<Vec<_>>(), [2]);
        });
    }

    fn what_lacks_a_vault_says_which<C>() {
        let (mut conn, application) = opened::<C>();
        let ada = vault_of(&user(&application, 7));
        application.enter(|| {
            let forgotten = Sealed::<String, notes::body>::seal("with the application's key alone");
            assert!(matches!(forgotten, Err(ValueError::UserLayer { .. })), "{forgotten:?}");
            let found = notes::table.filter(notes::body.blind_eq("x")).select(notes::id).load::<i32>(&mut *conn);
            assert!(matches!(of(found), ValueError::UserLayer { .. }));
            let mine = ada.enter(|| note(1, 7, "mine"));
            insert_into(notes::table).values(&mine).execute(&mut *conn).unwrap();
        });
        // The user's vault in the place of the application's.
        Vault::isolated(|| ada.enter(|| {
            let stored = insert_into(notes::table).values(note(2, 7, "mine")).execute(&mut *conn);
            assert!(matches!(of(stored), ValueError::ApplicationLayer { .. }));
            let loaded = notes::table.select(Note::as_select()).first::<Note>(&mut *conn);
            assert!(matches!(of(loaded.map(drop)), ValueError::ApplicationLayer { .. }));
        }));
        let nothing = Vault::isolated(|| notes::table.select(Note::as_select()).first::<Note>(&mut *conn));
        assert!(matches!(of(nothing.map(drop)), ValueError::NoVault { .. }));
    }

    fn a_value_in_another_row_opens_for_nobody<C>() {
        let (mut conn, application) = opened::<C>();
        let ada = vault_of(&user(&application, 7));
        application.enter(|| ada.enter(|| {
            for id in [1, 2] {
                insert_into(notes::table).values(note(id, 7, "a note")).execute(&mut *conn).unwrap();
                let chart = Sealed::<Vec<u8>, notes::chart>::seal_bound(&vec![7_u8; 3], &id).unwrap();
                let chart = notes::chart.eq(Layered::<Vec<u8>, notes::chart>::new(chart));
                update(notes::table.find(id)).set(chart).execute(&mut *conn).unwrap();
            }
            conn.batch_execute("UPDATE notes SET chart = (SELECT c FROM (SELECT chart AS c FROM notes WHERE id = 1) AS a) WHERE id = 2").unwrap();
            let charts: Vec<Chart> = notes::table.select(Chart::as_select()).order(notes::id).load(&mut *conn).unwrap();
            let open = |chart: &Chart| chart.chart.as_ref().unwrap().expose().open_bound(&chart.id);
            assert_eq!(open(&charts[0]).unwrap(), [7; 3]);
            assert!(matches!(open(&charts[1]), Err(ValueError::Tampered { bound: true, .. })));
        }));
    }

    fn a_new_key_of_a_user_takes_over_their_layer_and_leaves_the_others<C>() {
        let (mut conn, application) = opened::<C>();
        let (ada, bob) = (user(&application, 7), user(&application, 8));
        application.enter(|| {
            for (author, key) in [(7, &ada), (8, &bob)] {
                vault_of(key).enter(|| {
                    for row in 0..20 {
                        let note = note(100 * author + row, author, &format!("note {row}"));
                        insert_into(notes::table).values(&note).execute(&mut *conn).unwrap();
                        let chart = Sealed::<Vec<u8>, notes::chart>::seal_bound(&vec![7_u8; 3], &note.id).unwrap();
                        let chart = notes::chart.eq(Layered::<Vec<u8>, notes::chart>::new(chart));
                        update(notes::table.find(note.id)).set(chart).execute(&mut *conn).unwrap();
                    }
                });
            }
        });
        let stored = |conn: &mut C, author: i32| {
            let rows = notes::table.filter(notes::author.eq(author)).order(notes::id);
            rows.select((notes::body, notes::title, notes::chart))
                .load::<(Vec<u8>, Option<String>, Option<Vec<u8>>)>(conn)
                .unwrap()
        };
        let of_bob = stored(&mut conn, 8);
        let next = ada.successor().unwrap();
        let both = next.vault(&[&ada], &[Note::fields(), Chart::fields()].concat());
        // One has no fields of two layers; one lacks the application's layer.
        let title_alone = builder().open(&mut *conn).unwrap();
        let mut maintenance = Maintenance::open(&mut *conn, &title_alone).unwrap();
        assert!(matches!(maintenance.earlier_keys(&both), Err(MaintenanceError::NotRegistered { .. })));
        let elsewhere = builder().scope("elsewhere").model::<Note>().model::<Chart>().open(&mut *conn).unwrap();
        let mut maintenance = Maintenance::open(&mut *conn, &elsewhere).unwrap();
        assert!(matches!(maintenance.earlier_keys(&both), Err(MaintenanceError::OtherScope)));
        let mut maintenance = Maintenance::open(&mut *conn, &both).unwrap();
        let all = Selection::all();
        assert!(matches!(maintenance.reseal(&both, &all).run(on), Err(MaintenanceError::ApplicationLayer { .. })));

        let mut maintenance = Maintenance::open(&mut *conn, &application).unwrap();
        let earlier = maintenance.earlier_keys(&both).unwrap();
        assert_eq!(earlier.keys().iter().map(|key| (key.key_id, key.rows)).collect::<Vec<_>>(), [(ada.place().key_id(), 60)]);
        assert!(!earlier.are_unneeded());
        let report = maintenance.reseal(&both, &all).batch(7).run(on).unwrap();
        assert!(report.is_clean(), "{report:?}");
        assert_eq!((report.counts().done, report.counts().skipped), (60, 60), "{report:?}");
        let again = maintenance.reseal(&both, &all).run(on).unwrap();
        assert_eq!((again.counts().done, again.counts().failed), (0, 0));
        assert!(maintenance.earlier_keys(&both).unwrap().are_unneeded());
        assert!(maintenance.verify(&all).run(on).unwrap().is_clean());

        assert_eq!(stored(&mut conn, 8), of_bob);
        application.enter(|| vault_of(&next).enter(|| {
            let mine = notes::table.filter(notes::author.eq(7)).order(notes::id);
            let notes: Vec<Note> = mine.select(Note::as_select()).load(&mut *conn).unwrap();
            let bodies: Vec<String> = notes.iter().map(|note| open(&note.body).unwrap()).collect();
            assert_eq!(bodies, (0..20).map(|row| format!("note {row}")).collect::<Vec<_>>());
            let charts: Vec<Chart> = mine.select(Chart::as_select()).load(&mut *conn).unwrap();
            assert!(charts.iter().all(|chart| chart.chart.as_ref().unwrap().expose().open_bound(&chart.id).unwrap() == [7; 3]));
            let found = notes::table.filter(notes::body.blind_eq("NOTE 3")).select(notes::id).load::<i32>(&mut *conn);
            assert_eq!(found.unwrap(), [703]);
        }));
        // What does not open may need the key before.
        let mut damaged: Vec<u8> = notes::table.find(800).select(notes::body).first(&mut *conn).unwrap();
        *damaged.last_mut().unwrap() ^= 1;
        let update = update(notes::table.find(800)).set(notes::body.eq(damaged));
        update.execute(&mut *conn).unwrap();
        let mut maintenance = Maintenance::open(&mut *conn, &application).unwrap();
        let earlier = maintenance.earlier_keys(&both).unwrap();
        assert_eq!(earlier.keys()[0].rows, 1, "{earlier:?}");
    }

    fn a_layer_under_a_key_that_the_vault_does_not_know_is_not_passed_over<C>() {
        let (mut conn, application) = opened::<C>();
        let ada = user(&application, 7);
        application.enter(|| vault_of(&ada).enter(|| {
            insert_into(notes::table).values(note(1, 7, "mine")).execute(&mut *conn).unwrap();
        }));
        let next = ada.successor().unwrap();
        let both = next.vault(&[&ada], &[Note::fields(), Chart::fields()].concat());
        // Another process has brought all of it under another key of the application's since this vault was opened.
        let renewed = renew_keys(&mut *conn);
        let all = Selection::all();
        assert!(Maintenance::open(&mut *conn, &renewed).unwrap().rotate(&all).run(on).unwrap().is_clean());

        let mut maintenance = Maintenance::open(&mut *conn, &application).unwrap();
        let resealed = maintenance.reseal(&both, &all).run(on).map(drop);
        for refused in [maintenance.earlier_keys(&both).map(drop), resealed] {
            let Err(MaintenanceError::UnknownKey { ref field, key_id }) = refused else { panic!("{refused:?}") };
            assert!(field.starts_with("notes."), "{field}");
            assert!(Note::fields().iter().chain(Chart::fields()).any(|field| renewed.field_state(field).unwrap().active == Some(key_id)));
            assert!(refused.unwrap_err().to_string().contains("open it again"));
        }
        // Keys of another tenant are none of its concern.
        builder().scope("elsewhere").model::<Note>().model::<Chart>().open(&mut *conn).unwrap();
        let mut maintenance = Maintenance::open(&mut *conn, &renewed).unwrap();
        assert_eq!(maintenance.earlier_keys(&both).unwrap().keys()[0].rows, 2);
        assert!(maintenance.reseal(&both, &all).run(on).unwrap().is_clean());
        assert!(maintenance.earlier_keys(&both).unwrap().are_unneeded());
        // One that comes while it is at work.
        let mut other = conn.connect();
        let mut maintenance = Maintenance::open(&mut *conn, &renewed).unwrap();
        let refused = maintenance.reseal(&both, &Selection::all().column("notes", "body")).run(|_| {
            renew_keys(&mut other);
            ControlFlow::Continue(())
        });
        assert!(matches!(refused, Err(MaintenanceError::UnknownKey { .. })), "{refused:?}");
    }

    fn maintenance_keeps_the_users_layer_and_its_tags<C>() {
        let (mut conn, application) = opened::<C>();
        let ada = vault_of(&user(&application, 7));
        application.enter(|| ada.enter(|| {
            let notes: Vec<Note> = (0..20).map(|id| note(id, 7, &format!("note {id}"))).collect();
            for note in notes {
                insert_into(notes::table).values(note).execute(&mut *conn).unwrap();
            }
        }));
        let renewed = renew_keys(&mut *conn);

        // One row is brought up to date as it is read, in the user's vault, and the others by a tool that has no model.
        renewed.enter(|| ada.enter(|| {
            let load = |conn: &mut C| notes::table.find(3).select(Note::as_select()).first::<Note>(conn).unwrap();
            let stale = load(&mut conn);
            assert!(stale.body.is_stale() && Reseal::is_stale(&stale).unwrap());
            let report = stale.reseal_stale(&mut *conn).unwrap();
            assert_eq!((report.counts().done, report.counts().failed), (2, 0), "{report:?}");
            let current = load(&mut conn);
            assert!(!Reseal::is_stale(&current).unwrap());
            assert_eq!(open(&current.body).unwrap(), "note 3");
        }));
        let tool = builder().registered().open(&mut *conn).unwrap();
        let all = Selection::all();
        let mut maintenance = Maintenance::open(&mut *conn, &tool).unwrap();
        let rotated = maintenance.rotate(&all).run(on).unwrap();
        assert!(rotated.is_clean() && rotated.counts().done == 38, "{rotated:?}");
        let reindexed = maintenance.reindex(&all).run(on).unwrap();
        assert_eq!(reindexed.counts().seen(), 0, "{reindexed:?}");
        let verified = maintenance.verify(&all).run(on).unwrap();
        assert!(verified.is_clean() && verified.counts().done == 40, "{verified:?}");
        for refused in [maintenance.decrypt(&all).run(on), maintenance.backfill(&all).run(on)] {
            assert!(matches!(refused, Err(MaintenanceError::TwoLayers { .. })), "{refused:?}");
        }

        let application = builder().model::<Note>().open(&mut *conn).unwrap();
        application.enter(|| ada.enter(|| {
            let found = notes::table.filter(notes::body.blind_eq("note 7")).select(Note::as_select());
            let found: Note = found.first(&mut *conn).unwrap();
            assert_eq!((found.id, open(&found.body).unwrap()), (7, "note 7".to_owned()));
        }));
    }
}

#[test]
fn a_layer_is_a_sealed_value_with_the_users_tags() {
    let (mut conn, application) = opened::<SqliteConnection>();
    let ada = user(&application, 7);
    let mine = vault_of(&ada).enter(|| note(1, 7, "mine"));
    application.enter(|| mine.insert_into(notes::table).execute(&mut *conn)).unwrap();
    let stored: Vec<u8> =
        diesel::dsl::sql::<diesel::sql_types::Binary>("SELECT body FROM notes").get_result(&mut *conn).unwrap();
    let [body, title, ..] = Note::fields() else { panic!() };
    let outer = SealedValue::parse(&stored).unwrap();
    let inner = application.open_layer(body, &stored).unwrap();
    let inner_parts = SealedValue::parse(&inner).unwrap();
    assert!(inner_parts.header.user_key && !outer.header.user_key);
    assert_eq!(inner_parts.header.key_id, ada.place().key_id());
    assert_eq!(outer.slots, inner_parts.slots);
    assert_eq!(outer.slots, vault_of(&ada).search_slots(body, 0, "MINE").unwrap());
    assert_eq!(stored.len(), body.sealed_len("mine".len()));
    let text: String =
        notes::table.select(diesel::dsl::sql::<diesel::sql_types::Text>("title")).first(&mut *conn).unwrap();
    assert_eq!(text.len(), title.sealed_len("on mine".len()));
    assert_eq!(title.declared_algorithm(), Algorithm::Xaes256Gcm);
    // Any bit of it counts, to the application.
    for bit in 0..8 * stored.len() {
        let mut altered = stored.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(application.open_layer(body, &altered).is_err(), "bit {bit}");
    }
}

#[test]
fn a_column_becomes_one_of_two_layers_only_while_it_is_empty() {
    use diesel_encrypted::{Class, Field, Index, Storage};
    const fn body() -> Field {
        Field::new("notes.body", "notes", "body", Class::Text, Storage::Binary)
    }
    static ONE: Field = body().indexes(&[Index::new("default")]);
    static TWO: Field = body().two_layers().indexes(&[Index::new("default")]);
    let mut conn = SqliteConnection::with_table::<Note>(TABLE);
    let one = builder().field(&ONE).open(&mut *conn).unwrap();
    builder().field(&TWO).open(&mut *conn).unwrap();
    builder().field(&ONE).open(&mut *conn).unwrap();
    let sealed = one.seal(&ONE, "x").unwrap();
    conn.batch_execute(&format!(
        "INSERT INTO notes VALUES (1, 7, {}, NULL, NULL, NULL)",
        SqliteConnection::literal(&sealed)
    ))
    .unwrap();
    let refused = builder().field(&TWO).open(&mut *conn);
    assert!(matches!(refused, Err(VaultError::FieldChanged { .. })), "{refused:?}");
}
