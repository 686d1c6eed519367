//! A user's new key: what they have sealed goes over to it, and the earlier key is forgotten.

use std::ops::ControlFlow;

use diesel::connection::SimpleConnection;

use diesel_encrypted::accounts::{self, Account, AccountError, Accounts};
use diesel_encrypted::maintenance::{Maintenance, Progress, Selection};
use diesel_encrypted::users::GroupId;
use diesel_encrypted::{Field, Vault};
use diesel_encrypted_tests::people::{self, Database, OLD};
use diesel_encrypted_tests::scratch::Scratch;
use diesel_encrypted_tests::{holders, on_every_backend};

use crate::world::{sign_up, user};

fn on(_: &Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// An application whose people are of user 1 (0 to 50) and of user 2 (50 to 100).
fn world<C: Database + accounts::AccountsConnection>() -> (Scratch<C>, Vault, Accounts) {
    let mut connection = people::table::<C>();
    connection.batch_execute(&accounts::tables().up(C::DIALECT)).unwrap();
    let application = holders::application(&mut *connection, &OLD);
    let accounts = Accounts::new(&application).unwrap();
    for id in [1, 2] {
        let account = sign_up(&accounts, &mut *connection, id, "a password");
        people::fill(&mut *connection, &of(&account), &OLD, 50 * (id - 1)..50 * id);
    }
    (connection, application, accounts)
}

fn of(account: &Account) -> Vault {
    account.vault(&OLD.iter().collect::<Vec<&Field>>())
}

on_every_backend! {
    fn values_go_over_to_the_new_key_before_the_earlier_one_is_forgotten<C>() {
        let (mut connection, application, accounts) = world::<C>();
        let before = accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
        let rotated = accounts.rotate_key(&mut *connection, &before, "a password").unwrap();
        let mut account = rotated.account;
        let [earlier] = &account.earlier()[..] else { panic!("one earlier key") };
        let earlier = earlier.place().key_id();

        let mut maintenance = Maintenance::open(&mut *connection, &application).unwrap();
        let held = maintenance.earlier_keys(&of(&account)).unwrap();
        assert!(!held.are_unneeded());
        let [key] = held.keys() else { panic!("one earlier key") };
        assert_eq!((key.key_id, key.rows), (earlier, 3 * 45));
        let count = key.query.strip_prefix("SELECT ").unwrap();
        assert_eq!(connection.number(count), 3 * 45);
        let refused = accounts.forget_earlier(&mut *connection, &mut account, &held).unwrap_err();
        assert!(matches!(refused, AccountError::Needed { key_id, rows: 135, .. } if key_id == earlier), "{refused}");

        let mut maintenance = Maintenance::open(&mut *connection, &application).unwrap();
        let report = maintenance.reseal(&of(&account), &Selection::all()).batch(10).run(on).unwrap();
        assert_eq!((report.is_clean(), report.counts().done), (true, 135), "{report:?}");
        let none = maintenance.earlier_keys(&of(&before)).unwrap();
        let unneeded = maintenance.earlier_keys(&of(&account)).unwrap();
        assert!(unneeded.are_unneeded());
        let refused = accounts.forget_earlier(&mut *connection, &mut account, &none).unwrap_err();
        assert!(matches!(refused, AccountError::NotCounted { key_id } if key_id == earlier), "{refused}");
        assert_eq!(connection.number("count(*) FROM encryption_earlier_keys"), 1);
        for _ in 0..2 {
            accounts.forget_earlier(&mut *connection, &mut account, &unneeded).unwrap();
            assert_eq!(connection.number("count(*) FROM encryption_earlier_keys"), 0);
        }
        assert!(account.earlier().is_empty());
        let account = accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
        assert!(account.earlier().is_empty());
        connection.batch_execute("DELETE FROM people WHERE id >= 50").unwrap();
        assert_eq!(people::check(&mut *connection, &of(&account), &OLD, |_| Some(0)), 135);
    }

    fn an_account_that_has_changed_since_forgets_nothing<C>() {
        let (mut connection, application, accounts) = world::<C>();
        let first = accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
        let mut second = accounts.rotate_key(&mut *connection, &first, "a password").unwrap().account;
        let third = accounts.rotate_key(&mut *connection, &second, "a password").unwrap().account;
        assert_eq!(third.earlier().len(), 2);
        let mut maintenance = Maintenance::open(&mut *connection, &application).unwrap();
        let report = maintenance.reseal(&of(&third), &Selection::all()).run(on).unwrap();
        assert!(report.is_clean());
        let unneeded = maintenance.earlier_keys(&of(&third)).unwrap();
        let refused = accounts.forget_earlier(&mut *connection, &mut second, &unneeded).unwrap_err();
        assert!(matches!(refused, AccountError::Changed), "{refused}");
        assert_eq!(connection.number("count(*) FROM encryption_earlier_keys"), 2);
        connection.batch_execute("DELETE FROM people WHERE id >= 50").unwrap();
        assert_eq!(people::check(&mut *connection, &of(&third), &OLD, |_| Some(0)), 135);
    }

    fn a_group_goes_over_to_its_next_key_and_forgets_the_one_before<C>() {
        let (mut connection, application, accounts) = world::<C>();
        let ada = accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
        let bob = accounts.unlock(&mut *connection, &user(2), "a password").unwrap();
        let carol = sign_up(&accounts, &mut *connection, 3, "a password");
        let id = GroupId::of(&7_i64).unwrap();
        let group = accounts.create_group(&mut *connection, &ada, &id).unwrap();
        for member in [&bob, &carol] {
            accounts.add(&mut *connection, &ada, &group, member.id()).unwrap();
            accounts.group(&mut *connection, member, &id).unwrap();
        }
        let fields: Vec<&Field> = OLD.iter().collect();
        people::fill(&mut *connection, &group.vault(&fields), &OLD, 100..150);
        let mut next = accounts.remove(&mut *connection, &ada, group, bob.id()).unwrap();

        let mut maintenance = Maintenance::open(&mut *connection, &application).unwrap();
        let held = maintenance.earlier_keys(&next.vault(&fields)).unwrap();
        assert_eq!(held.keys()[0].rows, 135);
        let refused = accounts.forget_earlier_of_group(&mut *connection, &mut next, &held).unwrap_err();
        assert!(matches!(refused, AccountError::Needed { rows: 135, .. }), "{refused}");
        let mut maintenance = Maintenance::open(&mut *connection, &application).unwrap();
        assert!(maintenance.reseal(&next.vault(&fields), &Selection::all()).run(on).unwrap().is_clean());
        let unneeded = maintenance.earlier_keys(&next.vault(&fields)).unwrap();
        for _ in 0..2 {
            accounts.forget_earlier_of_group(&mut *connection, &mut next, &unneeded).unwrap();
        }
        assert_eq!(connection.number("count(*) FROM encryption_earlier_keys"), 0);
        let earlier = unneeded.keys()[0].key_id;
        assert_eq!(connection.number(&format!("count(*) FROM encryption_group_keys WHERE key_id = {earlier}")), 0);

        // One was away, and one is out.
        connection.batch_execute("DELETE FROM people WHERE id < 100").unwrap();
        let of_carol = accounts.group(&mut *connection, &carol, &id).unwrap();
        assert!(of_carol.earlier().is_empty());
        assert_eq!(people::check(&mut *connection, &of_carol.vault(&fields), &OLD, |_| Some(0)), 135);
        assert!(matches!(accounts.group(&mut *connection, &bob, &id), Err(AccountError::NotMember)));
    }
}
