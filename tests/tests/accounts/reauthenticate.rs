//! After another key of the application vouches for users.

use std::time::{Duration, SystemTime};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_encrypted::accounts::{Accounts, Reauthenticated};
use diesel_encrypted::key_life::{ActivateKeys, CreateKeys, DestroyKey, KeyError, KeySelection, Processes, RowCount};
use diesel_encrypted::key_store::KeyStore;
use diesel_encrypted::maintenance::authority_rows;
use diesel_encrypted::users::{Authority, GroupId, UserKey};
use diesel_encrypted::{KeyManager, MemoryKeyStore, Vault};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::on_every_backend;
use diesel_encrypted_tests::people;

use crate::world::{Rows, database, root_keys, sign_up, user, vault};

/// The application's key before and after a rotation, and a vault that has both.
fn rotated(store: &MemoryKeyStore) -> (u32, u32, Vault) {
    let manager = KeyManager::new(root_keys());
    let before = vault(store).authority().unwrap().key_id();
    manager.run_with(&CreateKeys::new(KeySelection::Users), &mut store.clone()).unwrap();
    let activate = ActivateKeys::new(KeySelection::Users, Processes::Restarted);
    let after = manager.run_with(&activate, &mut store.clone()).unwrap()[0].key_id;
    (before, after, vault(store))
}

/// A row of `encryption_users`, without what else an account has.
fn insert_user<C: Backend>(connection: &mut C, authority: &Authority, id: i64) -> UserKey {
    let key = authority.create(user(id)).unwrap();
    let record = authority.record(&key, Some([7; 32])).unwrap();
    let erased = if id % 3 == 0 { "5" } else { "NULL" };
    let columns = format!(
        "{}, {}, {}, {}, {}, {}, {}, {}, {erased}",
        C::literal(&[0]),
        C::literal(record.user.as_bytes()),
        record.authority_key_id,
        record.key_id,
        record.version,
        C::literal(&record.check),
        C::literal(&[7; 32]),
        C::literal(&record.mac)
    );
    let of = "scope, user_id, authority_key_id, key_id, version, check_value, identity, mac, erased_at";
    connection.batch_execute(&format!("INSERT INTO encryption_users ({of}) VALUES ({columns})")).unwrap();
    key
}

fn insert_group<C: Backend>(connection: &mut C, authority: &Authority, id: i64) {
    let group = GroupId::of(&id).unwrap();
    let record = authority.group_record(&authority.create_group(group.clone()).unwrap()).unwrap();
    let columns = format!(
        "{}, {}, {}, {}, {}, {}, {}, 0",
        C::literal(&[0]),
        C::literal(group.as_bytes()),
        record.authority_key_id,
        record.key_id,
        record.version,
        C::literal(&record.check),
        C::literal(&record.mac)
    );
    let of = "scope, group_id, authority_key_id, key_id, version, check_value, mac, changes";
    connection.batch_execute(&format!("INSERT INTO encryption_groups ({of}) VALUES ({columns})")).unwrap();
}

fn insert_lock<C: Backend>(connection: &mut C, id: i64, (kind, lock): (u8, &diesel_encrypted::users::Lock)) {
    let [scope, user, lock_id, lock] =
        [&[0], user(id).as_bytes(), lock.id().as_bytes(), lock.as_bytes()].map(C::literal);
    let of = "scope, user_id, lock_id, kind, lock_bytes";
    let insert = format!("INSERT INTO encryption_locks ({of}) VALUES ({scope}, {user}, {lock_id}, {kind}, {lock})");
    connection.batch_execute(&insert).unwrap();
}

fn insert_session<C: Backend>(connection: &mut C, id: i64, authority: &Authority, key: &UserKey, ends: SystemTime) {
    let (token, session) = authority.begin_session(key, ends).unwrap();
    let [scope, session_id, user, session] = [&[0], &token.id()[..], user(id).as_bytes(), &session].map(C::literal);
    let seconds = ends.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let of = "scope, session_id, user_id, expires_at, session_bytes";
    let insert =
        format!("INSERT INTO encryption_sessions ({of}) VALUES ({scope}, {session_id}, {user}, {seconds}, {session})");
    connection.batch_execute(&insert).unwrap();
}

/// How many rows name a key, and the query that says so, run.
fn named<C: people::Database>(connection: &mut C, key_id: u32) -> u64 {
    let rows = authority_rows(connection, key_id).unwrap().unwrap();
    assert_eq!(
        connection.number(rows.query.strip_prefix("SELECT ").unwrap()),
        i64::try_from(rows.total()).unwrap(),
        "{}",
        rows.query
    );
    rows.total()
}

on_every_backend! {
    fn every_record_goes_over_to_the_present_key_page_by_page<C>() {
        let (mut connection, store) = (database::<C>(), MemoryKeyStore::new());
        let first = vault(&store).authority().unwrap();
        (1..=250).for_each(|id| drop(insert_user(&mut *connection, &first, id)));
        (1..=120).for_each(|id| insert_group(&mut *connection, &first, id));
        let (old, new, vault) = rotated(&store);
        let accounts = Accounts::new(&vault).unwrap();
        insert_user(&mut *connection, &vault.authority().unwrap(), 251);
        assert_eq!((named(&mut *connection, old), named(&mut *connection, new)), (370, 1));
        let done = accounts.reauthenticate(&mut *connection).unwrap();
        assert_eq!((done.users, done.groups, done.is_done()), (250, 120, true), "{done:?}");
        assert_eq!((named(&mut *connection, old), named(&mut *connection, new)), (0, 371));
        let rows = connection.rows();
        assert_eq!(accounts.reauthenticate(&mut *connection).unwrap(), Reauthenticated::default());
        assert_eq!(connection.rows(), rows);

        // By the new key alone.
        let destroy = |count| {
            let now = store.clone().now().unwrap();
            let task = DestroyKey::new(old, Processes::Restarted).counted(RowCount::new(count, "SELECT".into(), now));
            KeyManager::new(root_keys()).run_with(&task, &mut store.clone())
        };
        assert!(matches!(destroy(1), Err(KeyError::Needed { rows: 1, .. })));
        destroy(named(&mut *connection, old)).unwrap();
        let alone = Accounts::new(&crate::world::vault(&store)).unwrap();
        assert_eq!(alone.reauthenticate(&mut *connection).unwrap(), Reauthenticated::default());
    }

    fn accounts_go_on_and_what_needs_its_user_is_told<C>() {
        let (mut connection, store) = (database::<C>(), MemoryKeyStore::new());
        let accounts = Accounts::new(&vault(&store)).unwrap();
        let first = vault(&store).authority().unwrap();
        let key = sign_up(&accounts, &mut *connection, 1, "a password");
        insert_lock(&mut *connection, 1, (5, &first.escrow(key.key()).unwrap()));
        let answers = ["a street of long ago", "the name of a dog that barked", "some third thing of ours"];
        insert_lock(&mut *connection, 1, (3, &first.questions(key.key(), 2, &answers).unwrap()));
        let hour = Duration::from_secs(3600);
        insert_session(&mut *connection, 1, &first, key.key(), SystemTime::now() + hour);
        insert_session(&mut *connection, 1, &first, key.key(), SystemTime::now() - hour);
        let (old, new, vault) = rotated(&store);

        let accounts = Accounts::new(&vault).unwrap();
        assert_eq!(named(&mut *connection, old), 4);
        let done = accounts.reauthenticate(&mut *connection).unwrap();
        assert_eq!((done.users, done.escrow, done.questions, done.sessions, done.refused), (1, 1, 1, 1, 0));
        assert!(!done.is_done());
        let left = authority_rows(&mut *connection, old).unwrap().unwrap();
        assert_eq!((left.users, left.escrow, left.questions, left.sessions), (0, 0, 1, 1));
        assert_eq!(named(&mut *connection, new), 2);
        let again = accounts.reauthenticate(&mut *connection).unwrap();
        assert_eq!((again.users, again.escrow, again.questions, again.sessions), (0, 0, 1, 1));
        accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
    }

    fn what_an_earlier_key_never_vouched_for_is_left_and_counted<C>() {
        let (mut connection, store) = (database::<C>(), MemoryKeyStore::new());
        let first = vault(&store).authority().unwrap();
        let keys: Vec<_> = (1..=4).map(|id| insert_user(&mut *connection, &first, id)).collect();
        // One was altered, one names a key that is nobody's, and a lock of one holds the key of another.
        let change = |set: &str, id: i64| {
            format!("UPDATE encryption_users SET {set} WHERE user_id = {}", C::literal(user(id).as_bytes()))
        };
        connection.batch_execute(&change("version = 9", 1)).unwrap();
        connection.batch_execute(&change("authority_key_id = 9", 2)).unwrap();
        insert_lock(&mut *connection, 4, (5, &first.escrow(&keys[0]).unwrap()));
        let (.., vault) = rotated(&store);
        let before = connection.rows();
        let done = Accounts::new(&vault).unwrap().reauthenticate(&mut *connection).unwrap();
        assert_eq!((done.users, done.escrow, done.refused), (2, 0, 3), "{done:?}");
        let after = connection.rows();
        assert_eq!(after.iter().filter(|row| !before.contains(row)).count(), 2);
    }

    fn within_a_transaction_that_is_undone_nothing_is_done<C>() {
        let (mut connection, store) = (database::<C>(), MemoryKeyStore::new());
        let first = vault(&store).authority().unwrap();
        (1..=5).for_each(|id| drop(insert_user(&mut *connection, &first, id)));
        let (.., vault) = rotated(&store);
        let before = connection.rows();
        let undone = connection.transaction(|connection| {
            assert_eq!(Accounts::new(&vault).unwrap().reauthenticate(connection).unwrap().users, 5);
            Err::<(), _>(diesel::result::Error::RollbackTransaction)
        });
        assert!(undone.is_err());
        assert_eq!(connection.rows(), before);
    }
}
