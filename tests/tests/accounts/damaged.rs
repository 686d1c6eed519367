//! Rows that someone altered: an error that names the table, and nothing is changed.

use diesel::prelude::*;
use diesel_encrypted::accounts::{
    AccountError,
    schema::{encryption_key_pairs, encryption_locks, encryption_users},
};
use diesel_encrypted::users::{AuthorityError, SharingError, UnlockError};
use diesel_encrypted_tests::on_every_backend;

use crate::world::{Rows, accounts, database, sign_up, user};

/// What a sign-in says once `$change` was done, and that it did nothing.
macro_rules! refused {
    ($connection:ident, $accounts:ident, $rows:expr => $change:expr) => {{
        let changed = diesel::update($rows).set($change).execute(&mut *$connection).unwrap();
        assert!(changed > 0);
        let before = $connection.rows();
        let error = $accounts.unlock(&mut *$connection, &user(1), "a password").unwrap_err();
        assert_eq!($connection.rows(), before);
        error
    }};
}

on_every_backend! {
    fn a_damaged_lock_is_an_error_of_its_own<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        sign_up(&accounts, &mut *connection, 1, "a password");
        let password = || encryption_locks::table.filter(encryption_locks::kind.eq(1));
        let lock: Vec<u8> = password().select(encryption_locks::lock_bytes).first(&mut *connection).unwrap();
        let altered = |at: usize, byte: u8| {
            let mut lock = lock.clone();
            lock[at] = byte;
            encryption_locks::lock_bytes.eq(lock)
        };
        for (at, byte) in [(0, 0xE4), (1, 9), (2, 7), (3, 0xFF), (10, 0xFF)] {
            let error = refused!(connection, accounts, password() => altered(at, byte));
            assert!(matches!(error, AccountError::Lock(UnlockError::Malformed(_))), "{at}: {error}");
            assert!(error.to_string().contains("encryption_locks"), "{error}");
        }
        // Commitment and salt are found out as a wrong password is; what they vouch for is not.
        for (at, byte) in [(20, lock[20] ^ 1), (40, lock[40] ^ 1)] {
            let error = refused!(connection, accounts, password() => altered(at, byte));
            assert!(matches!(error, AccountError::Wrong), "{at}: {error}");
        }
        let error = refused!(connection, accounts, password() => altered(100, lock[100] ^ 1));
        assert!(matches!(error, AccountError::Lock(UnlockError::Altered)), "{error}");
        let error = refused!(connection, accounts, password() => encryption_locks::lock_bytes.eq(Vec::<u8>::new()));
        assert!(matches!(error, AccountError::Lock(UnlockError::Malformed(_))), "{error}");
    }

    fn a_lock_of_another_user_opens_nothing<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        for id in [1, 2] {
            sign_up(&accounts, &mut *connection, id, ["a password", "another"][id as usize - 1]);
        }
        let of = |id| encryption_locks::table.filter(encryption_locks::kind.eq(1)).filter(encryption_locks::user_id.eq(user(id).as_bytes().to_vec()));
        let lock: Vec<u8> = of(2).select(encryption_locks::lock_bytes).first(&mut *connection).unwrap();
        let error = refused!(connection, accounts, of(1) => encryption_locks::lock_bytes.eq(lock));
        assert!(matches!(error, AccountError::Wrong), "{error}");
        let planted = accounts.unlock(&mut *connection, &user(1), "another").unwrap_err();
        assert!(matches!(planted, AccountError::Wrong), "{planted}");
    }

    fn a_second_password_lock_is_not_tried<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        sign_up(&accounts, &mut *connection, 1, "a password");
        let code = encryption_locks::table.filter(encryption_locks::kind.eq(2));
        let error = refused!(connection, accounts, code => encryption_locks::kind.eq(1));
        assert!(matches!(error, AccountError::BadRow { table: "encryption_locks", .. }), "{error}");
    }

    fn an_altered_record_is_not_believed<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        sign_up(&accounts, &mut *connection, 1, "a password");
        let error = refused!(connection, accounts, encryption_users::table => encryption_users::version.eq(2));
        assert!(matches!(error, AccountError::Authority(AuthorityError::AlteredRecord)), "{error}");
        let error = refused!(connection, accounts, encryption_users::table => encryption_users::authority_key_id.eq(9));
        assert!(matches!(error, AccountError::Authority(AuthorityError::UnknownKey { key_id: 9 })), "{error}");
        let error = refused!(connection, accounts, encryption_users::table => encryption_users::key_id.eq(-1));
        assert!(matches!(error, AccountError::BadRow { table: "encryption_users", column: "key_id" }), "{error}");
        let error = refused!(connection, accounts, encryption_users::table => encryption_users::mac.eq(vec![1_u8]));
        assert!(matches!(error, AccountError::BadRow { .. }), "{error}");
    }

    fn an_altered_key_pair_is_not_used<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        sign_up(&accounts, &mut *connection, 1, "a password");
        let error = refused!(connection, accounts, encryption_key_pairs::table => encryption_key_pairs::sealed_identity.eq(vec![0_u8; 78]));
        assert!(matches!(error, AccountError::Held { table: "encryption_key_pairs", .. }), "{error}");
        let error = refused!(connection, accounts, encryption_key_pairs::table => encryption_key_pairs::public_key.eq(vec![9_u8; 32]));
        assert!(matches!(error, AccountError::Held { source: SharingError::NotSigned, .. }), "{error}");
        let error = refused!(connection, accounts, encryption_key_pairs::table => encryption_key_pairs::suite.eq(0));
        assert!(matches!(error, AccountError::BadRow { column: "suite", .. }), "{error}");
    }
}
