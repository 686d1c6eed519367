//! Other keys of a user: whoever knows them follows, and what was shared with them opens.

use diesel::prelude::*;
use diesel_encrypted::accounts::{
    AccountError, Accounts,
    schema::{
        encryption_group_keys as keys, encryption_identity_changes as changes, encryption_key_pairs as pairs,
        encryption_pins as pins,
    },
};
use diesel_encrypted::users::{EncryptionKey, SharingError, Suite};
use diesel_encrypted_tests::on_every_backend;

use super::{group, meanwhile, of, opened, people};
use crate::world::{Rows, accounts, database, user};

on_every_backend! {
    fn who_has_another_identity_is_followed_by_those_who_know_them<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, mut bob, carl] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob, &carl]);
        // What Bob shared by then, and what was shared with him, is not opened yet.
        accounts.share(&mut *connection, &bob, &group("notes"), carl.id()).unwrap();
        let before = bob.member().fingerprint();
        for _ in 0..2 {
            accounts.change_identity(&mut *connection, &mut bob).unwrap();
        }
        assert_ne!(bob.member().fingerprint(), before);
        assert_eq!(changes::table.count().get_result::<i64>(&mut *connection).unwrap(), 2);
        assert_eq!(opened(&accounts, &mut *connection, &bob), made.key().check_value());
        accounts.group(&mut *connection, &carl, &group("notes")).unwrap();
        // Ada knows the first, and goes along; so does the group.
        let shared = accounts.share(&mut *connection, &ada, &group("two"), bob.id()).unwrap();
        let of_bob = pins::table.filter(pins::owner_id.eq(ada.id().as_bytes())).filter(pins::user_id.eq(bob.id().as_bytes()));
        assert_eq!(of_bob.select(pins::fingerprint).first::<Vec<u8>>(&mut *connection).unwrap(), bob.member().fingerprint());
        let again = accounts.unlock(&mut *connection, bob.id(), "a password").unwrap();
        let by_bob = accounts.group(&mut *connection, &again, &group("two")).unwrap();
        assert_eq!(by_bob.key().check_value(), shared.key().check_value());
        let next = accounts.remove(&mut *connection, &ada, made, carl.id()).unwrap();
        assert_eq!(opened(&accounts, &mut *connection, &bob), next.key().check_value());
        // And what Bob shares from now on opens for those who know him.
        accounts.share(&mut *connection, &bob, &group("three"), ada.id()).unwrap();
        accounts.group(&mut *connection, &ada, &group("three")).unwrap();
    }

    fn who_was_compared_in_person_is_known_before_anything_is_shared<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let unknown = accounts.trust(&mut *connection, &ada, &user(9), &bob.member().fingerprint()).unwrap_err();
        assert!(matches!(unknown, AccountError::UnknownUser), "{unknown}");
        for _ in 0..2 {
            accounts.trust(&mut *connection, &ada, bob.id(), &bob.member().fingerprint()).unwrap();
        }
        let pinned: Vec<(Vec<u8>, Vec<u8>)> = pins::table.select((pins::user_id, pins::fingerprint)).load(&mut *connection).unwrap();
        assert_eq!(pinned, [(bob.id().as_bytes().to_vec(), bob.member().fingerprint().to_vec())]);
        accounts.share(&mut *connection, &ada, &group("two"), bob.id()).unwrap();
    }

    fn what_was_not_opened_is_opened_before_the_key_pair_changes<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, mut bob] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob]);
        accounts.clone().suite(Suite::X25519).rotate_key_pair(&mut *connection, &mut bob).unwrap();
        let suites: Vec<i64> = pairs::table.order(pairs::user_id).select(pairs::suite).load(&mut *connection).unwrap();
        assert_eq!(suites, [2, 1]);
        assert_eq!(opened(&accounts, &mut *connection, &bob), made.key().check_value());
        let shared = accounts.share(&mut *connection, &ada, &group("two"), bob.id()).unwrap();
        let again = accounts.unlock(&mut *connection, bob.id(), "a password").unwrap();
        let by_bob = accounts.group(&mut *connection, &again, &group("two")).unwrap();
        assert_eq!(by_bob.key().check_value(), shared.key().check_value());
        // Who was signed in with the keys before is told.
        accounts.rotate_key_pair(&mut *connection, &mut bob).unwrap();
        let shared = accounts.share(&mut *connection, &ada, &group("four"), bob.id()).unwrap();
        let before = connection.rows();
        let error = accounts.group(&mut *connection, &again, &group("four")).unwrap_err();
        assert!(matches!(error, AccountError::Held { table: "encryption_group_keys", source: SharingError::Closed }), "{error}");
        assert_eq!(connection.rows(), before);
        assert_eq!(accounts.group(&mut *connection, &bob, &group("four")).unwrap().key().check_value(), shared.key().check_value());
    }

    /// A share comes while the key pair changes: either is done, and never is a share left that nobody opens.
    fn a_share_that_comes_meanwhile_stops_the_change<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, mut bob] = people(&accounts, &mut *connection);
        let (sharing, adas) = (accounts.clone(), accounts.unlock(&mut *connection, ada.id(), "a password").unwrap());
        meanwhile(&mut connection, move |other| drop(sharing.share(other, &adas, &group("editors"), &user(2)).unwrap()));
        let error = accounts.rotate_key_pair(&mut *connection, &mut bob).unwrap_err();
        assert!(matches!(error, AccountError::Changed), "{error}");
        accounts.rotate_key_pair(&mut *connection, &mut bob).unwrap();
        opened(&accounts, &mut *connection, &bob);
    }

    fn a_key_pair_that_changes_meanwhile_stops_the_share<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob]);
        opened(&accounts, &mut *connection, &bob);
        let (rotating, mut bobs): (Accounts, _) = (accounts.clone(), accounts.unlock(&mut *connection, bob.id(), "a password").unwrap());
        meanwhile(&mut connection, move |other| rotating.rotate_key_pair(other, &mut bobs).unwrap());
        let error = accounts.leave(&mut *connection, &ada, made).unwrap_err();
        assert!(matches!(error, AccountError::Changed), "{error}");
    }

    fn copies_and_pins_go_over_to_a_users_next_key<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl, dan] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob, &carl, &dan]);
        // Bob has opened one group, of whose next key he has a share, and has a share of another.
        opened(&accounts, &mut *connection, &bob);
        let next = accounts.remove(&mut *connection, &ada, made, dan.id()).unwrap();
        let two = accounts.share(&mut *connection, &carl, &group("two"), bob.id()).unwrap();
        accounts.share(&mut *connection, &bob, &group("three"), ada.id()).unwrap();
        let rotated = accounts.rotate_key(&mut *connection, &bob, "a password").unwrap();
        let (stale, bob) = (bob, rotated.account);
        let before = connection.rows();
        let error = accounts.group(&mut *connection, &stale, &group("editors")).unwrap_err();
        assert!(matches!(error, AccountError::Changed), "{error}");
        assert_eq!(connection.rows(), before);
        assert_eq!(opened(&accounts, &mut *connection, &bob), next.key().check_value());
        let by_bob = accounts.group(&mut *connection, &bob, &group("two")).unwrap();
        assert_eq!(by_bob.key().check_value(), two.key().check_value());
        accounts.group(&mut *connection, &bob, &group("three")).unwrap();
        // His pins are under the new key: Ada, whom he knows, is known still.
        accounts.share(&mut *connection, &bob, &group("four"), ada.id()).unwrap();
        let recovered = accounts.recover(&mut *connection, bob.id(), &rotated.codes[0], "new").unwrap();
        assert_eq!(opened(&accounts, &mut *connection, &recovered.account), next.key().check_value());
    }

    /// As many shares as before, and another of them opened.
    fn a_share_that_comes_does_not_hide_that_another_was_opened<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob]);
        accounts.share(&mut *connection, &ada, &group("two"), bob.id()).unwrap();
        accounts.group(&mut *connection, &bob, &group("two")).unwrap();
        let (other, bobs) = (accounts.clone(), accounts.unlock(&mut *connection, bob.id(), "a password").unwrap());
        let adas = accounts.unlock(&mut *connection, ada.id(), "a password").unwrap();
        meanwhile(&mut connection, move |connection| {
            other.group(connection, &bobs, &group("editors")).unwrap();
            other.share(connection, &adas, &group("three"), bobs.id()).unwrap();
        });
        let error = accounts.rotate_key(&mut *connection, &bob, "a password").map(drop).unwrap_err();
        assert!(matches!(error, AccountError::Changed), "{error}");
        let rotated = accounts.rotate_key(&mut *connection, &bob, "a password").unwrap();
        assert_eq!(opened(&accounts, &mut *connection, &rotated.account), made.key().check_value());
    }

    /// A card is removed and another added while the user gets a new key: as many locks as before.
    fn a_lock_that_is_removed_meanwhile_does_not_come_back<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada] = people(&accounts, &mut *connection);
        let [lost, new] = [(); 2].map(|()| EncryptionKey::generate(Suite::X25519).unwrap());
        let lock = accounts.add_private_key(&mut *connection, &ada, lost.public()).unwrap();
        let (other, adas) = (accounts.clone(), accounts.unlock(&mut *connection, ada.id(), "a password").unwrap());
        let public = new.public().clone();
        meanwhile(&mut connection, move |connection| {
            other.remove_lock(connection, &adas, lock).unwrap();
            other.add_private_key(connection, &adas, &public).unwrap();
        });
        let error = accounts.rotate_key(&mut *connection, &ada, "a password").map(drop).unwrap_err();
        assert!(matches!(error, AccountError::Changed), "{error}");
        accounts.rotate_key(&mut *connection, &ada, "a password").map(drop).unwrap();
        let gone = accounts.unlock_with_private_key(&mut *connection, ada.id(), lock, &lost);
        assert!(matches!(gone, Err(AccountError::Wrong)));
    }

    /// A share is opened by one request while another gives the user a new key.
    fn a_copy_that_is_made_meanwhile_is_not_left_under_the_key_before<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob]);
        // Bob knows Ada already: nothing but the copy is new.
        accounts.share(&mut *connection, &ada, &group("two"), bob.id()).unwrap();
        accounts.group(&mut *connection, &bob, &group("two")).unwrap();
        let (opening, bobs) = (accounts.clone(), accounts.unlock(&mut *connection, bob.id(), "a password").unwrap());
        meanwhile(&mut connection, move |other| drop(opening.group(other, &bobs, &group("editors")).unwrap()));
        let error = accounts.rotate_key(&mut *connection, &bob, "a password").map(drop).unwrap_err();
        assert!(matches!(error, AccountError::Changed), "{error}");
        let rotated = accounts.rotate_key(&mut *connection, &bob, "a password").unwrap();
        assert_eq!(opened(&accounts, &mut *connection, &rotated.account), made.key().check_value());
        assert_eq!(keys::table.filter(keys::share.is_not_null()).count().get_result::<i64>(&mut *connection).unwrap(), 0);
    }
}
