//! A new key, and what goes over to it.

use diesel::prelude::*;
use diesel_encrypted::accounts::{
    AccountError,
    schema::{encryption_earlier_keys, encryption_key_pairs, encryption_locks},
};
use diesel_encrypted::format::lock::LockKind;
use diesel_encrypted::users::{EncryptionKey, Suite};
use diesel_encrypted_tests::on_every_backend;

use crate::world::{Rows, accounts, at_once, database, sign_up, user};

on_every_backend! {
    fn a_new_key_takes_over_what_it_can_and_says_what_it_cannot<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        accounts.add_escrow(&mut *connection, &account).unwrap();
        let card = EncryptionKey::generate(Suite::X25519).unwrap();
        let lock = accounts.add_private_key(&mut *connection, &account, card.public()).unwrap();
        let answers = ["the green bicycle of my aunt", "a house by the river Elbe", "Professor Sauerbruch"];
        accounts.set_questions(&mut *connection, &account, 2, &answers).unwrap();
        let before = connection.rows();
        let wrong = accounts.rotate_key(&mut *connection, &account, "another").map(drop);
        assert!(matches!(wrong, Err(AccountError::Wrong)));
        assert_eq!(connection.rows(), before);

        let kept: Vec<_> = accounts.locks(&mut *connection, &user(1)).unwrap().iter().map(|lock| lock.id).collect();
        let rotated = accounts.rotate_key_keeping(&mut *connection, &account, "a password", &kept).unwrap();
        assert_eq!(rotated.dropped, [LockKind::Questions]);
        assert_eq!(rotated.codes.len(), 10);
        let new = rotated.account.key().check_value();
        assert_ne!(new, account.key().check_value());
        for unlocked in [
            accounts.unlock(&mut *connection, &user(1), "a password").unwrap(),
            accounts.unlock_by_escrow(&mut *connection, &user(1)).unwrap(),
            accounts.unlock_with_private_key(&mut *connection, &user(1), lock, &card).unwrap(),
        ] {
            assert_eq!(unlocked.key().check_value(), new);
            assert_eq!(unlocked.earlier()[0].check_value(), account.key().check_value());
            assert_eq!(unlocked.member().fingerprint(), account.member().fingerprint());
        }
        let again = accounts.rotate_key_keeping(&mut *connection, &rotated.account, "a password", &[lock]).unwrap();
        assert_eq!((again.dropped, again.account.earlier().len()), (vec![LockKind::Escrow], 2));
        accounts.unlock_with_private_key(&mut *connection, &user(1), lock, &card).unwrap();
        // The record, 11 locks, the card, the key pair, two earlier keys.
        assert_eq!(connection.count(), 16);
    }

    /// Whoever has the key, from an old password and an old copy, puts a lock of their own beside the user's.
    fn a_lock_that_a_thief_of_the_key_made_is_not_given_the_next_one<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let created = accounts.create(&mut *connection, &user(1), "a password").unwrap();
        let thief = EncryptionKey::generate(Suite::X25519).unwrap();
        let lock = accounts.add_private_key(&mut *connection, &created.account, thief.public()).unwrap();
        accounts.unlock_with_private_key(&mut *connection, &user(1), lock, &thief).unwrap();
        let rotated = accounts.rotate_key(&mut *connection, &created.account, "a password").unwrap();
        assert_eq!(rotated.dropped, [LockKind::PrivateKey]);
        let lock = accounts.add_private_key(&mut *connection, &rotated.account, thief.public()).unwrap();
        let recovered = accounts.recover(&mut *connection, &user(1), &rotated.codes[0], "new").unwrap();
        assert_eq!(recovered.dropped, [LockKind::PrivateKey]);
        let refused = accounts.unlock_with_private_key(&mut *connection, &user(1), lock, &thief);
        assert!(matches!(refused, Err(AccountError::Wrong)));
        assert!(!accounts.locks(&mut *connection, &user(1)).unwrap().iter().any(|lock| lock.kind == LockKind::PrivateKey));
    }

    fn a_public_key_that_someone_put_there_is_not_given_the_new_key<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        let [card, thief] = [(); 2].map(|()| EncryptionKey::generate(Suite::X25519).unwrap());
        let lock = accounts.add_private_key(&mut *connection, &account, card.public()).unwrap();
        let public = [&[Suite::X25519 as u8], thief.public().as_bytes()].concat();
        let of_card = encryption_locks::table.filter(encryption_locks::kind.eq(4));
        diesel::update(of_card).set(encryption_locks::public_key.eq(public)).execute(&mut *connection).unwrap();
        accounts.unlock_with_private_key(&mut *connection, &user(1), lock, &card).unwrap();
        let rotated = accounts.rotate_key_keeping(&mut *connection, &account, "a password", &[lock]).unwrap();
        assert_eq!(rotated.dropped, [LockKind::PrivateKey]);
        for key in [&card, &thief] {
            let refused = accounts.unlock_with_private_key(&mut *connection, &user(1), lock, key);
            assert!(matches!(refused, Err(AccountError::Wrong)));
        }
    }

    fn a_lock_that_was_altered_does_not_keep_a_user_out<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let created = accounts.create(&mut *connection, &user(1), "lost").unwrap();
        accounts.add_escrow(&mut *connection, &created.account).unwrap();
        let escrow = encryption_locks::table.filter(encryption_locks::kind.eq(5));
        let lock: Vec<u8> = escrow.select(encryption_locks::lock_bytes).first(&mut *connection).unwrap();
        let mut altered = lock.clone();
        altered[100] ^= 1;
        diesel::update(escrow).set(encryption_locks::lock_bytes.eq(altered)).execute(&mut *connection).unwrap();
        let recovered = accounts.recover(&mut *connection, &user(1), &created.codes[0], "new").unwrap();
        assert_eq!(recovered.dropped, [LockKind::Escrow]);

        accounts.add_escrow(&mut *connection, &recovered.account).unwrap();
        diesel::update(escrow).set(encryption_locks::lock_bytes.eq(vec![1_u8, 2, 3])).execute(&mut *connection).unwrap();
        accounts.recover(&mut *connection, &user(1), &recovered.codes[0], "newer").map(drop).unwrap();
        assert!(matches!(accounts.unlock_by_escrow(&mut *connection, &user(1)), Err(AccountError::Wrong)));
        accounts.unlock(&mut *connection, &user(1), "newer").unwrap();
    }

    fn an_old_copy_of_the_locks_opens_nothing_after_a_new_key<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        let password = encryption_locks::table.filter(encryption_locks::kind.eq(1));
        let old: (Vec<u8>, Vec<u8>) =
            password.select((encryption_locks::lock_id, encryption_locks::lock_bytes)).first(&mut *connection).unwrap();
        accounts.rotate_key(&mut *connection, &account, "a password").map(drop).unwrap();
        let put_back = (encryption_locks::lock_id.eq(old.0), encryption_locks::lock_bytes.eq(old.1));
        diesel::update(password).set(put_back).execute(&mut *connection).unwrap();
        let refused = accounts.unlock(&mut *connection, &user(1), "a password").unwrap_err();
        assert!(matches!(refused, AccountError::Wrong), "{refused}");
    }

    fn of_two_new_keys_at_once_one_is_given<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        let results = at_once(&connection, [1, 2, 3], |connection, _| {
            accounts.rotate_key(connection, &account, "a password").map(|rotated| rotated.account.key().check_value())
        });
        let given: Vec<_> = results.iter().filter_map(|(_, result)| result.as_ref().ok()).collect();
        assert!(results.iter().all(|(_, result)| matches!(result, Ok(_) | Err(AccountError::Changed | AccountError::Wrong))), "{results:?}");
        let unlocked = accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
        assert!(given.contains(&&unlocked.key().check_value()));
        // One after the other is no race: each that was given is there.
        assert_eq!(unlocked.earlier().len(), given.len());
        assert_eq!(connection.count(), 13 + given.len());
    }

    fn a_lock_that_is_added_meanwhile_is_not_lost_in_silence<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        accounts.rotate_key(&mut *connection, &account, "a password").map(drop).unwrap();
        let before = connection.rows();
        let stale = accounts.add_escrow(&mut *connection, &account);
        assert!(matches!(stale, Err(AccountError::Changed)));
        let stale = accounts.begin_session(&mut *connection, &account, std::time::Duration::from_secs(60)).map(drop);
        assert!(matches!(stale, Err(AccountError::Changed)));
        assert_eq!(connection.rows(), before);
    }

    fn an_altered_earlier_key_is_an_error<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        accounts.rotate_key(&mut *connection, &account, "a password").map(drop).unwrap();
        diesel::update(encryption_earlier_keys::table).set(encryption_earlier_keys::check_value.eq(vec![0_u8; 32])).execute(&mut *connection).unwrap();
        let refused = accounts.unlock(&mut *connection, &user(1), "a password").unwrap_err();
        assert!(matches!(refused, AccountError::Held { table: "encryption_earlier_keys", .. }), "{refused}");
    }

    fn a_key_pair_that_changed_meanwhile_is_not_overwritten<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        diesel::update(encryption_key_pairs::table).set(encryption_key_pairs::public_key.eq(vec![1_u8; 32])).execute(&mut *connection).unwrap();
        let before = connection.rows();
        let refused = accounts.rotate_key(&mut *connection, &account, "a password").map(drop).unwrap_err();
        assert!(matches!(refused, AccountError::Held { .. }), "{refused}");
        assert_eq!(connection.rows(), before);
    }
}
