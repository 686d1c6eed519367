//! Signing in.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel_encrypted::accounts::{AccountError, Accounts, schema::encryption_users};
use diesel_encrypted::key_life::{ActivateKeys, CreateKeys, KeySelection, Processes};
use diesel_encrypted::users::{AuthorityError, PasswordCost};
use diesel_encrypted::{KeyManager, MemoryKeyStore, OpenVault, Vault, VaultError};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::on_every_backend;

use crate::world::{Rows, accounts, database, root_keys, sign_up, user, vault};

on_every_backend! {
    fn a_password_opens_the_key_that_was_made<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let created = accounts.create(&mut *connection, &user(1), "a password").unwrap();
        let before = connection.rows();
        for _ in 0..2 {
            let account = accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
            assert_eq!(account.key().check_value(), created.account.key().check_value());
            assert_eq!(account.member().fingerprint(), created.account.member().fingerprint());
        }
        assert_eq!(connection.rows(), before);
    }

    fn a_wrong_password_and_an_unknown_user_are_one_error_after_one_time<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        sign_up(&accounts, &mut *connection, 1, "a password");
        let before = connection.rows();
        let error = |error: AccountError| (matches!(error, AccountError::Wrong), error.to_string());
        let wrong = error(accounts.unlock(&mut *connection, &user(1), "another").unwrap_err());
        assert_eq!(wrong, error(accounts.unlock(&mut *connection, &user(2), "another").unwrap_err()));
        assert!(wrong.0);
        let mut other = connection.connect();
        let mut tries = |id| assert!(accounts.unlock(&mut other, &user(id), "another").is_err());
        let mut least = [Duration::MAX; 2];
        for id in [1, 2].repeat(12) {
            let began = Instant::now();
            tries(id);
            let least = &mut least[id as usize - 1];
            *least = began.elapsed().min(*least);
        }
        // Without a derivation it is a fiftieth. Other tests run beside this one: hence the least of many, and a wide bound.
        let [known, unknown] = least;
        assert!(unknown * 4 > known && known * 4 > unknown, "{known:?} and {unknown:?}");
        assert_eq!(connection.rows(), before);
    }

    fn a_lock_that_costs_less_than_is_wanted_is_replaced_once<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        sign_up(&accounts, &mut *connection, 1, "a password");
        let dearer = accounts.clone().cost(PasswordCost::argon2id(20_000, 2, 1).unwrap());
        let rows = [connection.rows(), {
            dearer.unlock(&mut *connection, &user(1), "a password").unwrap();
            connection.rows()
        }];
        let changed = rows[1].iter().filter(|row| !rows[0].contains(row)).count();
        assert_eq!((changed, rows[1].len()), (1, rows[0].len()));
        for accounts in [&dearer, &accounts] {
            accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
            assert_eq!(connection.rows(), rows[1]);
        }
    }

    fn a_record_is_renewed_under_the_applications_present_key<C>() {
        let (mut connection, store) = (database::<C>(), MemoryKeyStore::new());
        let accounts = Accounts::new(&vault(&store)).unwrap();
        sign_up(&accounts, &mut *connection, 1, "a password");
        let manager = KeyManager::new(root_keys());
        manager.run_with(&CreateKeys::new(KeySelection::Users), &mut store.clone()).unwrap();
        let activate = ActivateKeys::new(KeySelection::Users, Processes::Restarted);
        let present = manager.run_with(&activate, &mut store.clone()).unwrap()[0].key_id;

        let moved = Accounts::new(&vault(&store)).unwrap();
        let before = connection.rows();
        assert!(matches!(moved.unlock(&mut *connection, &user(1), "another"), Err(AccountError::Wrong)));
        assert_eq!(connection.rows(), before);
        moved.unlock(&mut *connection, &user(1), "a password").unwrap();
        let vouches: i64 =
            encryption_users::table.select(encryption_users::authority_key_id).first(&mut *connection).unwrap();
        assert_eq!(vouches, i64::from(present));
        let renewed = connection.rows();
        moved.unlock(&mut *connection, &user(1), "a password").unwrap();
        assert_eq!(connection.rows(), renewed);
        // A process that knows no more than the key before does not believe what the present one vouches for.
        let behind = accounts.unlock(&mut *connection, &user(1), "a password").unwrap_err();
        assert!(matches!(behind, AccountError::Authority(AuthorityError::UnknownKey { .. })), "{behind}");
    }

    fn a_vault_without_users_has_no_accounts<C>() {
        let vault = Vault::builder(root_keys()).open(&mut *C::fresh()).unwrap();
        assert!(matches!(Accounts::new(&vault), Err(AccountError::Vault(VaultError::NoAuthority))));
    }
}
