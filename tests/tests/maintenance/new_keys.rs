//! Values and tags follow new keys, and what stays under a key that is destroyed is purged.

use diesel_encrypted::{
    KeyManager, ManageKeys,
    key_life::{ActivateKeys, CreateKeys, DestroyKey, KeySelection, Processes},
    keys::KeyState,
    maintenance::{Maintenance, Selection, status},
};
use diesel_encrypted_tests::people::{self, Database, OLD};

use super::{counts, on, on_every_database};

on_every_database! {
    values_and_tags_follow_new_keys,
    what_is_under_a_destroyed_key_is_purged,
}

/// A new key for everything, in use.
fn renew<C: Database>(connection: &mut C) {
    let keys = KeyManager::new(people::root_keys());
    keys.run(&CreateKeys::new(KeySelection::All), connection).unwrap();
    keys.run(&ActivateKeys::new(KeySelection::All, Processes::Restarted), connection).unwrap();
}

fn values_and_tags_follow_new_keys<C: Database>() {
    let mut connection = people::table::<C>();
    let before = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &before, &OLD, 0..200);
    renew(&mut *connection);
    let after = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &after, &OLD, 200..210);
    let tool = people::registered(&mut *connection);

    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    let rotated = maintenance.rotate(&Selection::all()).batch(30).run(on).unwrap();
    assert!(rotated.is_clean(), "{rotated:?}");
    for column in ["email", "note", "chart"] {
        assert_eq!(counts(&rotated, column), (180, 0, 0, 0), "{column}");
    }
    let columns = status(&mut *connection).unwrap();
    for column in &columns {
        let states: Vec<_> = column.keys.iter().map(|key| (key.state, key.rows)).collect();
        assert_eq!(states, [(Some(KeyState::Active), 189)], "{column:?}");
        // Tags stay until they are made anew.
        for index in &column.indexes {
            assert_eq!((index.generations[&1], index.generations[&2], index.active.as_slice()), (180, 9, &[2][..]));
        }
    }
    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    let reindexed = maintenance.reindex(&Selection::all()).batch(30).run(on).unwrap();
    assert!(reindexed.is_clean());
    assert_eq!((counts(&reindexed, "email").0, counts(&reindexed, "note").0), (180, 180));
    assert!(maintenance.verify(&Selection::all()).run(on).unwrap().is_clean());
    for column in status(&mut *connection).unwrap() {
        assert!(column.indexes.iter().all(|index| index.generations.len() == 1), "{column:?}");
    }
    let slots = after.search_slots(&OLD[0], 0, "PERSON77.0@example.org").unwrap();
    let active = C::literal(&slots[0]);
    assert_eq!(connection.number(&format!("count(*) FROM people WHERE substr(email, 4, 15) = {active}")), 1);
    people::check(&mut *connection, &after, &OLD, |_| Some(0));
}

fn what_is_under_a_destroyed_key_is_purged<C: Database>() {
    let mut connection = people::table::<C>();
    let before = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &before, &OLD, 1..10);
    renew(&mut *connection);
    let leaked = before.field_state(&OLD[0]).unwrap().active.unwrap();
    let destroy = DestroyKey::new(leaked, Processes::Restarted).forced();
    KeyManager::new(people::root_keys()).run(&destroy, &mut *connection).unwrap();
    let after = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &after, &OLD, 11..20);

    let mut maintenance = Maintenance::open(&mut *connection, &after).unwrap();
    let lost = maintenance.verify(&Selection::all()).run(on).unwrap();
    assert_eq!((counts(&lost, "email"), counts(&lost, "note")), ((9, 0, 0, 9), (18, 0, 0, 0)));
    let rotated = maintenance.rotate(&Selection::all()).run(on).unwrap();
    assert_eq!((counts(&rotated, "email").0, counts(&rotated, "note").0), (0, 9), "what is lost is not touched");
    let purged = maintenance.purge(&Selection::all()).run(on).unwrap();
    assert!(purged.is_clean());
    assert_eq!((counts(&purged, "email").0, counts(&purged, "note").0, counts(&purged, "chart").0), (9, 0, 0));
    assert!(maintenance.verify(&Selection::all()).run(on).unwrap().is_clean());
    assert_eq!(connection.number("count(*) FROM people WHERE email IS NULL AND note IS NOT NULL"), 9);
}
