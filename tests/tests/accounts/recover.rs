//! Recovery codes.

use std::time::Duration;

use diesel::prelude::*;
use diesel_encrypted::accounts::AccountError;
use diesel_encrypted::users::RecoveryCode;
use diesel_encrypted_tests::on_every_backend;

use crate::world::{Rows, accounts, at_once, database, user};

on_every_backend! {
    fn a_code_gives_a_new_password_a_new_key_and_new_codes<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let created = accounts.create(&mut *connection, &user(1), "lost").unwrap();
        let token = accounts.begin_session(&mut *connection, &created.account, Duration::from_secs(60)).unwrap();
        let printed = created.codes[3].to_text();
        let code = RecoveryCode::parse(&printed.to_lowercase().replace('-', " ")).unwrap();
        let recovered = accounts.recover(&mut *connection, &user(1), &code, "new").unwrap();
        assert_eq!((recovered.codes.len(), recovered.dropped.len()), (10, 0));
        assert_ne!(recovered.account.key().check_value(), created.account.key().check_value());
        assert_eq!(recovered.account.key().place().version(), 2);
        assert_eq!(recovered.account.member().fingerprint(), created.account.member().fingerprint());
        // The record, 11 locks, the key pair, and the earlier key.
        assert_eq!(connection.count(), 14);

        let account = accounts.unlock(&mut *connection, &user(1), "new").unwrap();
        assert_eq!(account.earlier()[0].check_value(), created.account.key().check_value());
        assert!(matches!(accounts.resume_session(&mut *connection, &token), Err(AccountError::Session(_))));
        let before = connection.rows();
        assert!(matches!(accounts.unlock(&mut *connection, &user(1), "lost"), Err(AccountError::Wrong)));
        for old in &created.codes {
            let used = accounts.recover(&mut *connection, &user(1), old, "another").map(drop);
            assert!(matches!(used, Err(AccountError::Wrong)));
        }
        assert_eq!(connection.rows(), before);
        accounts.recover(&mut *connection, &user(1), &recovered.codes[0], "newer").map(drop).unwrap();
        let account = accounts.unlock(&mut *connection, &user(1), "newer").unwrap();
        let versions: Vec<u32> = account.earlier().iter().map(|key| key.place().version()).collect();
        assert_eq!(versions, [2, 1]);
    }

    fn a_code_can_leave_the_key_as_it_is<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let created = accounts.create(&mut *connection, &user(1), "lost").unwrap();
        accounts.add_escrow(&mut *connection, &created.account).unwrap();
        let recovered = accounts.recover_keeping_key(&mut *connection, &user(1), &created.codes[0], "new").unwrap();
        assert_eq!(recovered.account.key().check_value(), created.account.key().check_value());
        assert_eq!((recovered.codes.len(), connection.count()), (10, 14));
        for code in &created.codes {
            let used = accounts.recover_keeping_key(&mut *connection, &user(1), code, "newer").map(drop);
            assert!(matches!(used, Err(AccountError::Wrong)));
        }
        assert!(accounts.unlock(&mut *connection, &user(1), "lost").is_err());
        accounts.unlock(&mut *connection, &user(1), "new").unwrap();
        accounts.unlock_by_escrow(&mut *connection, &user(1)).unwrap();
    }

    fn a_code_is_used_once_even_at_once<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let created = accounts.create(&mut *connection, &user(1), "lost").unwrap();
        let results = at_once(&connection, ["one", "two", "three"], |connection, new| {
            accounts.recover(connection, &user(1), &created.codes[0], new).map(drop)
        });
        for (new, result) in &results {
            assert_eq!(accounts.unlock(&mut *connection, &user(1), new).is_ok(), result.is_ok());
            assert!(matches!(result, Ok(()) | Err(AccountError::Changed | AccountError::Wrong)), "{result:?}");
        }
        assert_eq!(results.iter().filter(|(_, result)| result.is_ok()).count(), 1);
        assert_eq!(connection.count(), 14);
    }

    fn wrong_codes_and_unknown_users_are_one_error_and_change_nothing<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [one, two] =
            [1, 2].map(|id| accounts.create(&mut *connection, &user(id), "a password").unwrap());
        let before = connection.rows();
        let none = RecoveryCode::generate().unwrap();
        for (id, code) in [(1, &none), (1, &two.codes[0]), (3, &one.codes[0]), (3, &none)] {
            let refused = accounts.recover(&mut *connection, &user(id), code, "new").map(drop).unwrap_err();
            assert!(matches!(refused, AccountError::Wrong), "{refused}");
        }
        let refused = accounts.recover(&mut *connection, &user(1), &one.codes[0], "").map(drop).unwrap_err();
        assert!(matches!(refused, AccountError::Unlock(_)), "{refused}");
        assert_eq!(connection.rows(), before);
    }

    fn a_recovery_that_is_rolled_back_uses_no_code<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let created = accounts.create(&mut *connection, &user(1), "lost").unwrap();
        let before = connection.rows();
        let undone = connection.transaction(|connection| {
            accounts.recover(connection, &user(1), &created.codes[0], "new").map(drop)?;
            Err::<(), AccountError>(diesel::result::Error::RollbackTransaction.into())
        });
        assert!(matches!(undone, Err(AccountError::Database(_))));
        assert_eq!(connection.rows(), before);
        accounts.recover(&mut *connection, &user(1), &created.codes[0], "new").map(drop).unwrap();
    }

    fn a_new_set_replaces_the_codes<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let created = accounts.create(&mut *connection, &user(1), "a password").unwrap();
        let codes = accounts.clone().codes(4).new_codes(&mut *connection, &created.account).unwrap();
        assert_eq!((codes.len(), connection.count()), (4, 7));
        let old = accounts.recover(&mut *connection, &user(1), &created.codes[0], "new").map(drop);
        assert!(matches!(old, Err(AccountError::Wrong)));
        accounts.recover(&mut *connection, &user(1), &codes[3], "new").map(drop).unwrap();
        // What was unlocked before has another key, and writes no lock of it.
        let stale = accounts.new_codes(&mut *connection, &created.account).map(drop);
        assert!(matches!(stale, Err(AccountError::Changed)));
    }
}
