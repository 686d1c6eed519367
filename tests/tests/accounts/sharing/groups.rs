//! Groups are opened by those who are in them, once by a share and then by a copy.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel_encrypted::accounts::{AccountError, schema::encryption_group_keys as keys};
use diesel_encrypted::users::Suite;
use diesel_encrypted_tests::on_every_backend;

use super::{group, members, of, opened, people};
use crate::world::{Rows, accounts, database, sign_up, user};

on_every_backend! {
    fn a_share_is_opened_once_and_then_the_copy<C>() {
        for suite in [Suite::XWing, Suite::X25519] {
            let (mut connection, accounts) = (database::<C>(), accounts().suite(suite));
            let [ada, bob] = people(&accounts, &mut *connection);
            let made = of(&accounts, &mut *connection, &[&ada, &bob]);
            let mut kept = || {
                let of_bob = keys::table.filter(keys::user_id.eq(bob.id().as_bytes()));
                of_bob.select((keys::share.is_not_null(), keys::copy.is_not_null())).load::<(bool, bool)>(&mut *connection).unwrap()
            };
            assert_eq!(kept(), [(true, false)]);
            let rows = connection.count();
            assert_eq!(opened(&accounts, &mut *connection, &bob), made.key().check_value());
            // The copy is in the place of the share, and Bob knows Ada from now on.
            assert_eq!(connection.count(), rows + 1);
            let before = connection.rows();
            for account in [&ada, &bob] {
                assert_eq!(opened(&accounts, &mut *connection, account), made.key().check_value());
            }
            assert_eq!(connection.rows(), before);
            let again = accounts.unlock(&mut *connection, bob.id(), "a password").unwrap();
            assert_eq!(opened(&accounts, &mut *connection, &again), made.key().check_value());
        }
    }

    fn who_is_not_a_member_and_a_group_that_nobody_made_are_one_error<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, eve] = people(&accounts, &mut *connection);
        of(&accounts, &mut *connection, &[&ada]);
        let before = connection.rows();
        for id in ["editors", "readers"] {
            let error = accounts.group(&mut *connection, &eve, &group(id)).unwrap_err();
            assert!(matches!(error, AccountError::NotMember), "{error}");
            let error = accounts.revoke(&mut *connection, &eve, &group(id), ada.id()).unwrap_err();
            assert!(matches!(error, AccountError::NotMember), "{error}");
        }
        let error = accounts.share(&mut *connection, &eve, &group("editors"), eve.id()).unwrap_err();
        assert!(matches!(error, AccountError::NotMember), "{error}");
        let error = accounts.create_group(&mut *connection, &eve, &group("editors")).unwrap_err();
        assert!(matches!(error, AccountError::Exists), "{error}");
        let long = accounts.create_group(&mut *connection, &eve, &group(&"g".repeat(300))).unwrap_err();
        assert!(matches!(long, AccountError::IdTooLong { most: 255, .. }), "{long}");
        assert_eq!(connection.rows(), before);
    }

    fn adding_twice_is_adding_once<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob]);
        let before = connection.rows();
        accounts.add(&mut *connection, &ada, &made, bob.id()).unwrap();
        accounts.add(&mut *connection, &ada, &made, ada.id()).unwrap();
        assert_eq!(connection.rows(), before);
        let by_bob = accounts.group(&mut *connection, &bob, &group("editors")).unwrap();
        let before = connection.rows();
        accounts.add(&mut *connection, &bob, &by_bob, ada.id()).unwrap();
        accounts.add(&mut *connection, &ada, &made, bob.id()).unwrap();
        assert_eq!(connection.rows(), before);
        assert_eq!(members(&accounts, &mut *connection, &made), [user(1), user(2)]);
    }

    fn nobody_is_added_who_is_not_there_or_was_erased<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada]);
        accounts.erase(&mut *connection, bob.id()).unwrap();
        let before = connection.rows();
        for id in [bob.id(), &user(9)] {
            let error = accounts.add(&mut *connection, &ada, &made, id).unwrap_err();
            assert!(matches!(error, AccountError::UnknownUser), "{error}");
            let error = accounts.share(&mut *connection, &ada, &group("notes"), id).unwrap_err();
            assert!(matches!(error, AccountError::UnknownUser), "{error}");
        }
        assert_eq!(connection.rows(), before);
    }

    fn sharing_with_a_user_makes_the_group_and_is_taken_back<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let shared = accounts.share(&mut *connection, &ada, &group("editors"), bob.id()).unwrap();
        let again = accounts.share(&mut *connection, &ada, &group("editors"), bob.id()).unwrap();
        assert_eq!(shared.key().check_value(), again.key().check_value());
        assert_eq!(opened(&accounts, &mut *connection, &bob), shared.key().check_value());
        let left = accounts.revoke(&mut *connection, &ada, &group("editors"), bob.id()).unwrap();
        assert_eq!(left.earlier()[0].check_value(), shared.key().check_value());
        let error = accounts.group(&mut *connection, &bob, &group("editors")).unwrap_err();
        assert!(matches!(error, AccountError::NotMember), "{error}");
        let before = connection.rows();
        let same = accounts.revoke(&mut *connection, &ada, &group("editors"), bob.id()).unwrap();
        assert_eq!(same.key().check_value(), left.key().check_value());
        assert_eq!(connection.rows(), before);
        assert_eq!(members(&accounts, &mut *connection, &left), [user(1)]);
    }

    /// As many statements, each of which finds its rows by a key.
    fn adding_costs_the_same_whatever_the_number_of_members<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada]);
        let mut cost = |id: i64| {
            let joins = sign_up(&accounts, &mut *connection, id, "a password");
            let count = Arc::new(AtomicUsize::new(0));
            let counter = count.clone();
            connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { .. } = event {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
            accounts.add(&mut *connection, &ada, &made, joins.id()).unwrap();
            connection.set_instrumentation(|_: InstrumentationEvent<'_>| {});
            count.load(Ordering::Relaxed)
        };
        let first = cost(3);
        for id in 4..20 {
            assert_eq!(cost(id), first, "member {id}");
        }
        accounts.add(&mut *connection, &ada, &made, bob.id()).unwrap();
    }

    fn an_account_in_a_transaction_of_the_callers_is_undone_with_it<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let before = connection.rows();
        let undone = connection.transaction(|connection| {
            let made = of(&accounts, connection, &[&ada, &bob]);
            assert_eq!(opened(&accounts, connection, &bob), made.key().check_value());
            let next = accounts.remove(connection, &ada, made, bob.id()).unwrap();
            assert_eq!(next.key().place().version(), 2);
            Err::<(), _>(diesel::result::Error::RollbackTransaction)
        });
        assert!(undone.is_err());
        assert_eq!(connection.rows(), before);
    }
}
