//! A new password.

use std::sync::Barrier;
use std::time::Duration;

use diesel::prelude::*;
use diesel_encrypted::Dialect;
use diesel_encrypted::accounts::AccountError;
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::on_every_backend;

use crate::world::{Rows, accounts, at_once, database, sign_up, user};

on_every_backend! {
    fn a_new_password_opens_the_same_key_and_the_old_one_nothing<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "old");
        let changed = accounts.change_password(&mut *connection, &user(1), "old", "new").unwrap();
        assert_eq!(changed.key().check_value(), account.key().check_value());
        assert_eq!(connection.count(), 13);
        accounts.unlock(&mut *connection, &user(1), "new").unwrap();
        let before = connection.rows();
        for result in [
            accounts.unlock(&mut *connection, &user(1), "old"),
            accounts.change_password(&mut *connection, &user(1), "old", "new"),
            accounts.change_password(&mut *connection, &user(2), "old", "new"),
        ] {
            assert!(matches!(result, Err(AccountError::Wrong)));
        }
        assert!(matches!(accounts.change_password(&mut *connection, &user(1), "new", ""), Err(AccountError::Unlock(_))));
        assert_eq!(connection.rows(), before);
    }

    fn a_new_password_ends_the_users_sessions<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let hour = Duration::from_secs(3600);
        let tokens = [1, 2].map(|id| {
            let account = sign_up(&accounts, &mut *connection, id, "old");
            accounts.begin_session(&mut *connection, &account, hour).unwrap()
        });
        accounts.change_password(&mut *connection, &user(1), "old", "new").unwrap();
        assert!(matches!(accounts.resume_session(&mut *connection, &tokens[0]), Err(AccountError::Session(_))));
        accounts.resume_session(&mut *connection, &tokens[1]).unwrap();
    }

    fn of_two_new_passwords_at_once_one_is_set<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        sign_up(&accounts, &mut *connection, 1, "old");
        let results = at_once(&connection, ["one", "two", "three"], |connection, new| {
            accounts.change_password(connection, &user(1), "old", new).map(drop)
        });
        let mut set = 0;
        for (new, result) in results {
            let opens = accounts.unlock(&mut *connection, &user(1), new).is_ok();
            assert_eq!(opens, result.is_ok());
            set += usize::from(opens);
            assert!(matches!(result, Ok(()) | Err(AccountError::Changed | AccountError::Wrong)), "{result:?}");
        }
        assert_eq!((set, connection.count()), (1, 13));
        assert!(matches!(accounts.unlock(&mut *connection, &user(1), "old"), Err(AccountError::Wrong)));
    }

    fn a_new_password_is_the_callers_transactions<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        sign_up(&accounts, &mut *connection, 1, "old");
        let before = connection.rows();
        let undone = connection.transaction(|connection| {
            accounts.change_password(connection, &user(1), "old", "new")?;
            accounts.unlock(connection, &user(1), "new")?;
            Err::<(), AccountError>(diesel::result::Error::RollbackTransaction.into())
        });
        assert!(matches!(undone, Err(AccountError::Database(_))));
        assert_eq!(connection.rows(), before);
    }

    fn who_is_signed_in_otherwise_sets_a_password<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "lost");
        accounts.add_escrow(&mut *connection, &account).unwrap();
        let account = accounts.unlock_by_escrow(&mut *connection, &user(1)).unwrap();
        let token = accounts.begin_session(&mut *connection, &account, Duration::from_secs(60)).unwrap();
        accounts.set_password(&mut *connection, &account, "new").unwrap();
        accounts.resume_session(&mut *connection, &token).unwrap_err();
        for (_, set) in at_once(&connection, ["one", "two"], |connection, new| accounts.set_password(connection, &account, new)) {
            assert!(matches!(set, Ok(()) | Err(AccountError::Changed)), "{set:?}");
        }
        assert_eq!(connection.count(), 14);
        let opens = |connection: &mut C, password| accounts.unlock(connection, &user(1), password).is_ok();
        assert_ne!(opens(&mut connection, "one"), opens(&mut connection, "two"));
        assert!(!opens(&mut connection, "lost") && !opens(&mut connection, "new"));
        let set = if opens(&mut connection, "one") { "one" } else { "two" };
        accounts.rotate_key(&mut *connection, &account, set).map(drop).unwrap();
        assert!(matches!(accounts.set_password(&mut *connection, &account, "newer"), Err(AccountError::Changed)));
    }

    fn a_deadlock_of_two_callers_is_told_and_their_transactions_end<C>() {
        // SQLite has one writer.
        if C::DIALECT == Dialect::Sqlite {
            return;
        }
        let (mut connection, accounts) = (database::<C>(), accounts());
        let people = [1, 2].map(|id| sign_up(&accounts, &mut *connection, id, "a password"));
        let both = Barrier::new(2);
        let results = at_once(&connection, [[0, 1], [1, 0]], |connection, [first, second]| {
            let done = connection.transaction(|connection| {
                accounts.new_codes(connection, &people[first]).map(drop)?;
                both.wait();
                accounts.new_codes(connection, &people[second]).map(drop)
            });
            // The connection goes on.
            accounts.unlock(connection, &user(1), "a password").unwrap();
            done
        });
        let told: Vec<String> =
            results.iter().filter_map(|(_, done)| done.as_ref().err().map(ToString::to_string)).collect();
        assert!(told.len() == 1 && told[0].to_lowercase().contains("deadlock"), "{told:?}");
        assert_eq!(connection.count(), 26);
    }
}
