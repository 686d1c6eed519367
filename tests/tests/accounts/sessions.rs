//! Sessions in their table.

use std::time::Duration;

use diesel::prelude::*;
use diesel_encrypted::accounts::{AccountError, schema::encryption_sessions};
use diesel_encrypted::users::{SessionError, SessionToken};
use diesel_encrypted_tests::on_every_backend;

use crate::world::{Rows, accounts, database, sign_up, user};

const HOUR: Duration = Duration::from_secs(3600);

on_every_backend! {
    fn a_token_goes_on_where_the_password_began<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        let token = accounts.begin_session(&mut *connection, &account, HOUR).unwrap().to_text();
        let token = SessionToken::parse(&token).unwrap();
        let before = connection.rows();
        for _ in 0..2 {
            let resumed = accounts.resume_session(&mut *connection, &token).unwrap();
            assert_eq!(resumed.key().check_value(), account.key().check_value());
            assert_eq!(resumed.member().fingerprint(), account.member().fingerprint());
        }
        assert_eq!(connection.rows(), before);
        for _ in 0..2 {
            accounts.end_session(&mut *connection, &token).unwrap();
            let ended = accounts.resume_session(&mut *connection, &token).unwrap_err();
            assert!(matches!(ended, AccountError::Session(SessionError::Closed)), "{ended}");
        }
        assert_eq!(connection.count(), 13);
    }

    fn a_session_ends_by_its_hour_and_leaves_a_row_that_is_removed<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        let over = accounts.begin_session(&mut *connection, &account, Duration::ZERO).unwrap();
        let on = accounts.begin_session(&mut *connection, &account, HOUR).unwrap();
        let expired = accounts.resume_session(&mut *connection, &over).unwrap_err();
        assert!(matches!(expired, AccountError::Session(SessionError::Expired)), "{expired}");
        // The hour in the column is for the removal alone.
        diesel::update(encryption_sessions::table.filter(encryption_sessions::session_id.eq(over.id().to_vec())))
            .set(encryption_sessions::expires_at.eq(i64::MAX)).execute(&mut *connection).unwrap();
        let expired = accounts.resume_session(&mut *connection, &over).unwrap_err();
        assert!(matches!(expired, AccountError::Session(SessionError::Expired)), "{expired}");
        diesel::update(encryption_sessions::table.filter(encryption_sessions::session_id.eq(over.id().to_vec())))
            .set(encryption_sessions::expires_at.eq(1)).execute(&mut *connection).unwrap();
        assert_eq!(accounts.remove_expired_sessions(&mut *connection).unwrap(), 1);
        assert_eq!(accounts.remove_expired_sessions(&mut *connection).unwrap(), 0);
        accounts.resume_session(&mut *connection, &on).unwrap();
    }

    fn a_session_without_an_end_is_refused<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        let endless = accounts.begin_session(&mut *connection, &account, Duration::MAX).map(drop).unwrap_err();
        assert!(matches!(endless, AccountError::Lifetime), "{endless}");
        assert_eq!(connection.count(), 13);
        let long = Duration::from_secs(i64::MAX as u64 / 4);
        let token = accounts.begin_session(&mut *connection, &account, long).unwrap();
        accounts.resume_session(&mut *connection, &token).unwrap();
        assert_eq!(accounts.remove_expired_sessions(&mut *connection).unwrap(), 0);
        accounts.erase(&mut *connection, &user(1)).unwrap();
    }

    fn ending_all_sessions_of_a_user_ends_no_others<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let mut tokens = Vec::new();
        for id in [1, 2] {
            let account = sign_up(&accounts, &mut *connection, id, "a password");
            tokens.extend((0..2).map(|_| accounts.begin_session(&mut *connection, &account, HOUR).unwrap()));
        }
        assert_eq!(accounts.end_sessions(&mut *connection, &user(1)).unwrap(), 2);
        assert_eq!(accounts.end_sessions(&mut *connection, &user(1)).unwrap(), 0);
        let go_on: Vec<_> = tokens.iter().map(|token| accounts.resume_session(&mut *connection, token).is_ok()).collect();
        assert_eq!(go_on, [false, false, true, true]);
    }

    fn a_session_moved_to_another_user_or_altered_opens_nothing<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        sign_up(&accounts, &mut *connection, 2, "a password");
        let token = accounts.begin_session(&mut *connection, &account, HOUR).unwrap();
        let of = |id| encryption_sessions::user_id.eq(user(id).as_bytes().to_vec());
        diesel::update(encryption_sessions::table).set(of(2)).execute(&mut *connection).unwrap();
        let moved = accounts.resume_session(&mut *connection, &token).unwrap_err();
        assert!(matches!(moved, AccountError::Session(SessionError::Closed)), "{moved}");
        diesel::update(encryption_sessions::table).set(encryption_sessions::user_id.eq(vec![9_u8])).execute(&mut *connection).unwrap();
        let damaged = accounts.resume_session(&mut *connection, &token).unwrap_err();
        assert!(matches!(damaged, AccountError::BadRow { table: "encryption_sessions", column: "user_id" }), "{damaged}");
        diesel::update(encryption_sessions::table).set((of(1), encryption_sessions::session_bytes.eq(vec![0xE6_u8; 12]))).execute(&mut *connection).unwrap();
        let damaged = accounts.resume_session(&mut *connection, &token).unwrap_err();
        assert!(matches!(damaged, AccountError::Session(SessionError::Malformed(_))), "{damaged}");
    }
}
