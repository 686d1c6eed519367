//! Calls that come at once: each is done or told so, and whoever is a member by then opens the group.

use diesel_encrypted::accounts::AccountError;
use diesel_encrypted_tests::on_every_backend;

use super::{group, meanwhile, members, of, opened, people};
use crate::world::{accounts, at_once, database, user};

on_every_backend! {
    fn of_two_who_remove_someone_at_once_one_wins<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl, dan] = people(&accounts, &mut *connection);
        of(&accounts, &mut *connection, &[&ada, &bob, &carl, &dan]);
        let (ada, bob) = (&ada, &bob);
        let done = at_once(&connection, [0, 1], |connection, at| {
            let (account, gone) = [(ada, 3), (bob, 4)][at];
            let made = accounts.group(connection, account, &group("editors")).unwrap();
            accounts.remove(connection, account, made, &user(gone)).map(drop)
        });
        // They may have come one after the other: then both are done.
        let lost = done.iter().filter(|(_, result)| matches!(result, Err(AccountError::Changed))).count();
        let won = done.iter().filter(|(_, result)| result.is_ok()).count();
        assert!(won + lost == 2 && won > 0, "{done:?}");
        let by_ada = accounts.group(&mut *connection, ada, &group("editors")).unwrap();
        assert_eq!(members(&accounts, &mut *connection, &by_ada).len(), 4 - won);
        assert_eq!(opened(&accounts, &mut *connection, bob), by_ada.key().check_value());
    }

    /// The other's removal is written when this one is about to be: without chance.
    fn a_removal_that_comes_meanwhile_is_told_from_ones_own<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob, &carl]);
        let (other, bobs) = (accounts.clone(), accounts.unlock(&mut *connection, bob.id(), "a password").unwrap());
        meanwhile(&mut connection, move |connection| {
            let made = other.group(connection, &bobs, &group("editors")).unwrap();
            other.remove(connection, &bobs, made, &user(3)).map(drop).unwrap();
        });
        let error = accounts.remove(&mut *connection, &ada, made, bob.id()).unwrap_err();
        assert!(matches!(error, AccountError::Changed), "{error}");
        let by_ada = accounts.group(&mut *connection, &ada, &group("editors")).unwrap();
        assert_eq!(members(&accounts, &mut *connection, &by_ada), [user(1), user(2)]);
    }

    /// Ada adds Carl while Bob removes her: Carl is in and Ada is not, or neither is.
    fn who_is_removed_while_adding_another_adds_nobody_unseen<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob]);
        let (other, bobs) = (accounts.clone(), accounts.unlock(&mut *connection, bob.id(), "a password").unwrap());
        meanwhile(&mut connection, move |connection| {
            let made = other.group(connection, &bobs, &group("editors")).unwrap();
            other.remove(connection, &bobs, made, &user(1)).map(drop).unwrap();
        });
        let error = accounts.add(&mut *connection, &ada, &made, carl.id()).unwrap_err();
        assert!(matches!(error, AccountError::Changed), "{error}");
        let by_bob = accounts.group(&mut *connection, &bob, &group("editors")).unwrap();
        assert_eq!(members(&accounts, &mut *connection, &by_bob), [user(2)]);
    }

    /// Bob adds Carl when Ada has read who is in the group and is about to make its next key.
    fn who_is_added_during_a_removal_is_not_forgotten<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl, dan] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob, &dan]);
        let (other, bobs) = (accounts.clone(), accounts.unlock(&mut *connection, bob.id(), "a password").unwrap());
        meanwhile(&mut connection, move |connection| {
            let made = other.group(connection, &bobs, &group("editors")).unwrap();
            other.add(connection, &bobs, &made, &user(3)).unwrap();
        });
        let error = accounts.remove(&mut *connection, &ada, made, dan.id()).unwrap_err();
        assert!(matches!(error, AccountError::Changed), "{error}");
        let made = accounts.group(&mut *connection, &ada, &group("editors")).unwrap();
        let next = accounts.remove(&mut *connection, &ada, made, dan.id()).unwrap();
        assert_eq!(opened(&accounts, &mut *connection, &carl), next.key().check_value());
    }

    /// Everyone does something at once, again and again: whoever is a member in the end opens the group, and nobody else.
    fn whoever_is_a_member_in_the_end_opens_the_group<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let people: [_; 6] = people(&accounts, &mut *connection);
        of(&accounts, &mut *connection, &people[..4].iter().collect::<Vec<_>>());
        let people = &people;
        at_once(&connection, [0_usize, 1, 2], |connection, at| {
            for round in 0..6 {
                let account = &people[at];
                let Ok(made) = accounts.group(connection, account, &group("editors")) else { continue };
                let other = user(i64::try_from(4 + (at + round) % 3).unwrap());
                let result = match round % 2 {
                    0 => accounts.add(connection, account, &made, &other),
                    _ => accounts.remove(connection, account, made, &other).map(drop),
                };
                assert!(matches!(result, Ok(()) | Err(AccountError::Changed)), "{result:?}");
            }
        });
        let made = accounts.group(&mut *connection, &people[0], &group("editors")).unwrap();
        let inside = members(&accounts, &mut *connection, &made);
        assert!(inside.len() >= 3);
        for account in people {
            match accounts.group(&mut *connection, account, &group("editors")) {
                Ok(opened) => {
                    assert!(inside.contains(account.id()));
                    assert_eq!(opened.key().check_value(), made.key().check_value());
                }
                Err(AccountError::NotMember) => assert!(!inside.contains(account.id())),
                Err(error) => panic!("{error}"),
            }
        }
    }
}
