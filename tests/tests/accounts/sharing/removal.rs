//! Someone leaves: those who stay have another key, and still read what was there.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_encrypted::accounts::{
    AccountError,
    schema::{encryption_earlier_keys, encryption_group_keys as keys, encryption_groups},
};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::on_every_backend;

use super::{group, members, of, opened, people};
use crate::world::{Rows, accounts, database, user};

on_every_backend! {
    fn who_was_removed_has_no_key_and_those_who_stay_have_both<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        // Bob has opened the group by then, Carl and Dan have not.
        let [ada, bob, carl, dan] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob, &carl, &dan]);
        let first = made.key().check_value();
        opened(&accounts, &mut *connection, &bob);
        let next = accounts.remove(&mut *connection, &ada, made, carl.id()).unwrap();
        let second = next.key().check_value();
        assert_ne!(first, second);
        assert_eq!((next.key().place().version(), next.earlier()[0].check_value()), (2, first));
        assert_eq!(members(&accounts, &mut *connection, &next), [user(1), user(2), user(4)]);

        let before = connection.rows();
        let error = accounts.group(&mut *connection, &carl, &group("editors")).unwrap_err();
        assert!(matches!(error, AccountError::NotMember), "{error}");
        assert_eq!(connection.rows(), before);
        for account in [&ada, &bob, &dan] {
            let opened = accounts.group(&mut *connection, account, &group("editors")).unwrap();
            let earlier: Vec<_> = opened.earlier().iter().map(|key| key.check_value()).collect();
            assert_eq!((opened.key().check_value(), earlier), (second, vec![first]), "{:?}", account.id());
        }
        // Nobody has more than one copy by then, and nobody a share.
        let left: Vec<(i64, bool)> = keys::table.select((keys::key_id, keys::share.is_null())).load(&mut *connection).unwrap();
        assert_eq!(left, [(i64::from(next.key().place().key_id()), true); 3]);
    }

    fn a_key_is_followed_over_several_removals<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl, dan, erin] = people(&accounts, &mut *connection);
        let mut made = of(&accounts, &mut *connection, &[&ada, &bob, &carl, &dan, &erin]);
        // Bob has a copy of the first key, and is away while three others go.
        opened(&accounts, &mut *connection, &bob);
        let mut all = vec![made.key().check_value()];
        for gone in [&carl, &dan, &erin] {
            made = accounts.remove(&mut *connection, &ada, made, gone.id()).unwrap();
            all.insert(0, made.key().check_value());
        }
        let by_bob = accounts.group(&mut *connection, &bob, &group("editors")).unwrap();
        assert_eq!(by_bob.key().check_value(), all[0]);
        assert_eq!(by_bob.earlier().iter().map(|key| key.check_value()).collect::<Vec<_>>(), all[1..]);
        assert_eq!(members(&accounts, &mut *connection, &by_bob), [user(1), user(2)]);
    }

    fn removing_twice_is_removing_once_and_nobody_removes_themselves<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob]);
        let once = accounts.remove(&mut *connection, &ada, made, bob.id()).unwrap();
        let (version, before) = (once.key().place().version(), connection.rows());
        let twice = accounts.remove(&mut *connection, &ada, once, bob.id()).unwrap();
        assert_eq!(twice.key().place().version(), version);
        let never = accounts.remove(&mut *connection, &ada, twice, &user(9)).unwrap();
        let error = accounts.remove(&mut *connection, &ada, never, ada.id()).unwrap_err();
        assert!(matches!(error, AccountError::Oneself), "{error}");
        assert_eq!(connection.rows(), before);
    }

    fn who_leaves_is_out_and_the_last_one_ends_the_group<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob]);
        assert_eq!(accounts.leave(&mut *connection, &ada, made).unwrap(), 1);
        let error = accounts.group(&mut *connection, &ada, &group("editors")).unwrap_err();
        assert!(matches!(error, AccountError::NotMember), "{error}");
        // Ada made the key, and is not in the group: her share opens still.
        let by_bob = accounts.group(&mut *connection, &bob, &group("editors")).unwrap();
        assert_eq!((by_bob.key().place().version(), by_bob.earlier().len()), (2, 1));
        assert_eq!(accounts.leave(&mut *connection, &bob, by_bob).unwrap(), 0);
        let left = (
            keys::table.count().get_result::<i64>(&mut *connection).unwrap(),
            encryption_groups::table.count().get_result::<i64>(&mut *connection).unwrap(),
            encryption_earlier_keys::table.count().get_result::<i64>(&mut *connection).unwrap(),
        );
        assert_eq!(left, (0, 0, 0));
        accounts.create_group(&mut *connection, &bob, &group("editors")).unwrap();
    }

    fn a_member_who_was_erased_is_given_nothing<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl, dan] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob, &carl, &dan]);
        opened(&accounts, &mut *connection, &bob);
        // Bob leaves rows in the table by a fault of someone's: they are swept with the next key.
        let bobs = format!("encryption_group_keys WHERE user_id = {}", C::literal(bob.id().as_bytes()));
        connection.batch_execute(&format!("CREATE TABLE kept AS SELECT * FROM {bobs}")).unwrap();
        accounts.erase(&mut *connection, bob.id()).unwrap();
        assert_eq!(members(&accounts, &mut *connection, &made), [user(1), user(3), user(4)]);
        connection.batch_execute("INSERT INTO encryption_group_keys SELECT * FROM kept").unwrap();
        let next = accounts.remove(&mut *connection, &ada, made, carl.id()).unwrap();
        assert_eq!(members(&accounts, &mut *connection, &next), [user(1), user(4)]);
        let of_bob = keys::table.filter(keys::user_id.eq(bob.id().as_bytes())).count();
        assert_eq!(of_bob.get_result::<i64>(&mut *connection).unwrap(), 0);
        assert_eq!(opened(&accounts, &mut *connection, &dan), next.key().check_value());
    }

    /// Nobody finds them to remove, and they kept the key: it is left behind all the same.
    fn a_group_whose_member_is_gone_is_given_another_key<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl, dan, erin] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob, &carl, &dan, &erin]);
        let first = made.key().check_value();
        for who in [&bob, &carl, &dan] {
            opened(&accounts, &mut *connection, who);
        }
        accounts.erase(&mut *connection, bob.id()).unwrap();
        diesel::delete(keys::table.filter(keys::user_id.eq(carl.id().as_bytes()))).execute(&mut *connection).unwrap();
        let before = connection.rows();
        let made = accounts.remove(&mut *connection, &ada, made, bob.id()).unwrap();
        let made = accounts.remove(&mut *connection, &ada, made, carl.id()).unwrap();
        assert_eq!((made.key().check_value(), connection.rows()), (first, before));

        let next = accounts.renew_group(&mut *connection, &ada, made).unwrap();
        let second = next.key().check_value();
        assert_ne!(first, second);
        assert_eq!((next.key().place().version(), next.earlier()[0].check_value()), (2, first));
        assert_eq!(members(&accounts, &mut *connection, &next), [user(1), user(4), user(5)]);
        // Dan has opened the group before, Erin has not.
        for account in [&ada, &dan, &erin] {
            let opened = accounts.group(&mut *connection, account, &group("editors")).unwrap();
            let earlier: Vec<_> = opened.earlier().iter().map(|key| key.check_value()).collect();
            assert_eq!((opened.key().check_value(), earlier), (second, vec![first]), "{:?}", account.id());
        }
        for gone in [&bob, &carl] {
            accounts.group(&mut *connection, gone, &group("editors")).unwrap_err();
        }
        let left: Vec<(i64, bool)> = keys::table.select((keys::key_id, keys::share.is_null())).load(&mut *connection).unwrap();
        assert_eq!(left, [(i64::from(next.key().place().key_id()), true); 3]);
        // Alone, and again.
        let alone = accounts.create_group(&mut *connection, &ada, &group("diary")).unwrap();
        let alone = accounts.renew_group(&mut *connection, &ada, alone).unwrap();
        let alone = accounts.renew_group(&mut *connection, &ada, alone).unwrap();
        assert_eq!((alone.key().place().version(), alone.earlier().len()), (3, 2));
    }

    /// What someone shared opens though they were erased since: their public keys stay.
    fn a_share_of_someone_who_was_erased_opens<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob]);
        accounts.erase(&mut *connection, ada.id()).unwrap();
        assert_eq!(opened(&accounts, &mut *connection, &bob), made.key().check_value());
        // Ada's group is still open in memory, and nothing is done with it.
        let before = connection.rows();
        for error in [
            accounts.add(&mut *connection, &ada, &made, bob.id()).err(),
            accounts.add(&mut *connection, &ada, &made, &user(3)).err(),
            accounts.leave(&mut *connection, &ada, made).err(),
        ] {
            assert!(matches!(error, None | Some(AccountError::UnknownUser | AccountError::NotMember | AccountError::Changed)), "{error:?}");
        }
        assert_eq!(connection.rows(), before);
    }

    /// Two members open the group; one removes someone; what the other does by the key before is told apart.
    fn a_group_that_has_another_key_by_now_is_opened_again<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl, dan] = people(&accounts, &mut *connection);
        let by_ada = of(&accounts, &mut *connection, &[&ada, &bob, &carl]);
        let [by_bob, again] = [(); 2].map(|()| accounts.group(&mut *connection, &bob, &group("editors")).unwrap());
        accounts.remove(&mut *connection, &ada, by_ada, carl.id()).unwrap();
        let before = connection.rows();
        let errors = [
            accounts.members(&mut *connection, &by_bob).map(drop),
            accounts.add(&mut *connection, &bob, &by_bob, dan.id()),
            accounts.renew_group(&mut *connection, &bob, by_bob).map(drop),
            accounts.remove(&mut *connection, &bob, again, ada.id()).map(drop),
        ];
        for error in errors {
            assert!(matches!(error, Err(AccountError::Changed)), "{error:?}");
        }
        assert_eq!(connection.rows(), before);
        let by_bob = accounts.group(&mut *connection, &bob, &group("editors")).unwrap();
        accounts.add(&mut *connection, &bob, &by_bob, dan.id()).unwrap();
    }

    fn more_members_than_one_statement_takes_are_given_the_next_key<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts().suite(diesel_encrypted::users::Suite::X25519).codes(1));
        let [ada] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada]);
        let others: Vec<_> = (2..=104).map(|id| accounts.create(&mut *connection, &user(id), "a password").unwrap().account).collect();
        for other in &others {
            accounts.add(&mut *connection, &ada, &made, other.id()).unwrap();
        }
        let next = accounts.remove(&mut *connection, &ada, made, others[0].id()).unwrap();
        assert_eq!(accounts.members(&mut *connection, &next).unwrap().len(), 103);
        for at in [1, 99, 100, 102] {
            assert_eq!(opened(&accounts, &mut *connection, &others[at]), next.key().check_value(), "{at}");
        }
    }

    /// The group's key is still the one that Bob has open, and he is not in it.
    fn who_is_no_member_any_more_adds_and_removes_nobody<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl] = people(&accounts, &mut *connection);
        of(&accounts, &mut *connection, &[&ada, &bob]);
        let [by_bob, again] = [(); 2].map(|()| accounts.group(&mut *connection, &bob, &group("editors")).unwrap());
        let of_bob = keys::table.filter(keys::user_id.eq(bob.id().as_bytes().to_vec()));
        diesel::delete(of_bob).execute(&mut *connection).unwrap();
        let before = connection.rows();
        let added = accounts.add(&mut *connection, &bob, &by_bob, carl.id());
        let removed = accounts.remove(&mut *connection, &bob, by_bob, ada.id()).map(drop);
        let renewed = accounts.renew_group(&mut *connection, &bob, again).map(drop);
        for error in [added, removed, renewed] {
            assert!(matches!(error, Err(AccountError::NotMember)), "{error:?}");
        }
        assert_eq!(connection.rows(), before);
    }
}
