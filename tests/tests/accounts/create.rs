//! Accounts that are made.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel_encrypted::accounts::AccountError;
use diesel_encrypted::users::UserId;
use diesel_encrypted_tests::on_every_backend;

use crate::world::{Rows, accounts, at_once, database, sign_up, user};

on_every_backend! {
    fn an_account_has_a_key_a_password_ten_codes_and_a_key_pair<C>() {
        let mut connection = database::<C>();
        let created = accounts().create(&mut *connection, &user(1), "a password").unwrap();
        let codes: HashSet<String> = created.codes.iter().map(|code| code.to_text().to_string()).collect();
        assert_eq!(codes.len(), 10);
        assert_eq!(connection.count(), 1 + 11 + 1);
        assert!(created.account.earlier().is_empty());
        assert_eq!(created.account.id(), &user(1));
    }

    fn an_id_has_one_account<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        sign_up(&accounts, &mut *connection, 1, "a password");
        let before = connection.rows();
        let again = accounts.create(&mut *connection, &user(1), "another").unwrap_err();
        assert!(matches!(again, AccountError::Exists), "{again}");
        assert_eq!(connection.rows(), before);
        accounts.create(&mut *connection, &UserId::of("1").unwrap(), "a password").map(drop).unwrap();
        accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
    }

    fn of_two_that_make_one_account_at_once_one_does<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let results = at_once(&connection, ["one", "two", "three", "four"], |connection, password| {
            accounts.create(connection, &user(1), password).map(drop)
        });
        for (password, made) in &results {
            let signed_in = accounts.unlock(&mut *connection, &user(1), password);
            match made {
                Ok(()) => drop(signed_in.unwrap()),
                Err(error) => {
                    assert!(matches!(error, AccountError::Exists), "{error}");
                    assert!(matches!(signed_in, Err(AccountError::Wrong)));
                }
            }
        }
        assert_eq!(results.iter().filter(|(_, made)| made.is_ok()).count(), 1);
        assert_eq!(connection.count(), 13);
    }

    fn nothing_stays_of_a_transaction_that_is_rolled_back<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let undone = connection.transaction(|connection| {
            accounts.create(connection, &user(1), "a password").map(drop)?;
            accounts.unlock(connection, &user(1), "a password")?;
            Err::<(), AccountError>(diesel::result::Error::RollbackTransaction.into())
        });
        assert!(matches!(undone, Err(AccountError::Database(_))));
        assert_eq!(connection.count(), 0);
        sign_up(&accounts, &mut *connection, 1, "a password");
    }

    fn a_transaction_of_the_callers_goes_on_after_an_error<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        connection
            .transaction(|connection| {
                accounts.create(connection, &user(1), "a password").map(drop)?;
                assert!(matches!(accounts.create(connection, &user(1), "a password"), Err(AccountError::Exists)));
                assert!(matches!(accounts.unlock(connection, &user(1), "another"), Err(AccountError::Wrong)));
                accounts.create(connection, &user(2), "a password").map(drop)
            })
            .unwrap();
        assert_eq!(connection.count(), 26);
    }

    fn an_id_that_has_no_place_and_a_password_that_is_none_are_refused<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [fits, long] = [249, 250].map(|length| UserId::of(&"x".repeat(length)).unwrap());
        let refused = accounts.create(&mut *connection, &long, "a password").unwrap_err();
        assert!(matches!(refused, AccountError::IdTooLong { found: 256, most: 255 }), "{refused}");
        for password in ["", &"x".repeat(4097)] {
            let refused = accounts.create(&mut *connection, &fits, password).unwrap_err();
            assert!(matches!(refused, AccountError::Unlock(_)), "{refused}");
        }
        assert_eq!(connection.count(), 0);
        accounts.create(&mut *connection, &fits, "a password").map(drop).unwrap();
        accounts.unlock(&mut *connection, &fits, "a password").unwrap();
    }
}
