//! Erasure, and what it says of itself.

use std::time::{Duration, SystemTime};

use diesel::prelude::*;
use diesel_encrypted::accounts::{AccountError, schema::encryption_users};
use diesel_encrypted_tests::on_every_backend;

use crate::sharing::meanwhile;
use crate::world::{Rows, accounts, at_once, database, sign_up, user};

on_every_backend! {
    fn an_erased_account_opens_by_nothing_and_its_id_is_not_given_out<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let created = accounts.create(&mut *connection, &user(1), "a password").unwrap();
        let created = accounts.recover(&mut *connection, &user(1), &created.codes[0], "a password").unwrap();
        accounts.add_escrow(&mut *connection, &created.account).unwrap();
        let hour = Duration::from_secs(3600);
        let token = accounts.begin_session(&mut *connection, &created.account, hour).unwrap();
        accounts.create(&mut *connection, &user(2), "a password").map(drop).unwrap();

        let erased = accounts.erase(&mut *connection, &user(1)).unwrap();
        assert_eq!((erased.locks, erased.escrow, erased.sessions, erased.earlier_keys), (12, true, 1, 1));
        let until = erased.sessions_until.unwrap().duration_since(SystemTime::now()).unwrap();
        assert!(until <= hour && until + Duration::from_secs(60) > hour);
        let said = erased.to_string();
        assert!(said.contains("12 locks") && said.contains("of which the application opens one"), "{said}");
        // The record and the public keys, and all of the other user.
        assert_eq!(connection.count(), 2 + 13);

        let before = connection.rows();
        for refused in [
            accounts.unlock(&mut *connection, &user(1), "a password").map(drop),
            accounts.unlock_by_escrow(&mut *connection, &user(1)).map(drop),
            accounts.recover(&mut *connection, &user(1), &created.codes[0], "new").map(drop),
            accounts.change_password(&mut *connection, &user(1), "a password", "new").map(drop),
            accounts.rotate_key(&mut *connection, &created.account, "a password").map(drop),
        ] {
            assert!(matches!(refused, Err(AccountError::Wrong)), "{refused:?}");
        }
        assert!(matches!(accounts.resume_session(&mut *connection, &token), Err(AccountError::Session(_))));
        assert!(matches!(accounts.create(&mut *connection, &user(1), "new"), Err(AccountError::Exists)));
        for refused in [
            accounts.add_escrow(&mut *connection, &created.account),
            accounts.new_codes(&mut *connection, &created.account).map(drop),
            accounts.begin_session(&mut *connection, &created.account, hour).map(drop),
        ] {
            assert!(matches!(refused, Err(AccountError::Changed)), "{refused:?}");
        }
        let again = accounts.erase(&mut *connection, &user(1)).unwrap();
        assert_eq!((again.locks, again.escrow, again.sessions), (0, false, 0));
        assert_eq!(connection.rows(), before);
        accounts.unlock(&mut *connection, &user(2), "a password").unwrap();
        assert!(matches!(accounts.erase(&mut *connection, &user(3)), Err(AccountError::UnknownUser)));
    }

    fn an_erasure_at_once_with_a_new_password_leaves_no_lock<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        accounts.create(&mut *connection, &user(1), "old").map(drop).unwrap();
        let results = at_once(&connection, [true, false, false], |connection, erase| match erase {
            true => accounts.erase(connection, &user(1)).map(drop),
            false => accounts.change_password(connection, &user(1), "old", "new").map(drop),
        });
        for (erase, result) in &results {
            let expected = matches!(result, Ok(()) | Err(AccountError::Changed)) || (!erase && matches!(result, Err(AccountError::Wrong)));
            assert!(expected, "{result:?}");
        }
        accounts.erase(&mut *connection, &user(1)).unwrap();
        assert_eq!(connection.count(), 2);
    }

    /// They come when what there is was read, and is about to be deleted.
    fn an_escrow_and_a_session_that_come_meanwhile_are_not_left_unsaid<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        for (id, escrow) in [(1, true), (2, false)] {
            let account = sign_up(&accounts, &mut *connection, id, "a password");
            let other = accounts.clone();
            meanwhile(&mut connection, move |connection| match escrow {
                true => other.add_escrow(connection, &account).unwrap(),
                false => other.begin_session(connection, &account, Duration::from_secs(3600)).map(drop).unwrap(),
            });
            let erased = accounts.erase(&mut *connection, &user(id));
            match escrow {
                true => assert!(matches!(&erased, Ok(erased) if erased.escrow && erased.locks == 12), "{erased:?}"),
                false => assert!(matches!(erased, Err(AccountError::Changed)), "{erased:?}"),
            }
        }
        let erased = accounts.erase(&mut *connection, &user(2)).unwrap();
        assert!(erased.sessions == 1 && erased.sessions_until.is_some(), "{erased:?}");
    }

    fn what_nobody_vouches_for_is_erased_as_well<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        accounts.create(&mut *connection, &user(1), "a password").map(drop).unwrap();
        diesel::update(encryption_users::table).set(encryption_users::version.eq(9)).execute(&mut *connection).unwrap();
        accounts.erase(&mut *connection, &user(1)).unwrap();
        assert_eq!(connection.count(), 2);
    }

    fn an_erasure_that_is_rolled_back_erases_nothing<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        accounts.create(&mut *connection, &user(1), "a password").map(drop).unwrap();
        let before = connection.rows();
        let undone = connection.transaction(|connection| {
            accounts.erase(connection, &user(1))?;
            Err::<(), AccountError>(diesel::result::Error::RollbackTransaction.into())
        });
        assert!(matches!(undone, Err(AccountError::Database(_))));
        assert_eq!(connection.rows(), before);
    }
}
