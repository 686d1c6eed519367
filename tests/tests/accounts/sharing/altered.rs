//! Rows that someone altered by SQL: an error that names the table, and nothing is changed.

use diesel::prelude::*;
use diesel_encrypted::accounts::{
    AccountError,
    schema::{
        encryption_earlier_keys as earlier, encryption_group_keys as keys, encryption_groups as groups,
        encryption_identity_changes as changes, encryption_key_pairs as pairs, encryption_pins as pins,
    },
};
use diesel_encrypted::users::{AuthorityError, SharingError};
use diesel_encrypted_tests::on_every_backend;

use super::{group, meanwhile, of, opened, people};
use crate::world::{Rows, accounts, database, user};

/// What `$work` says once `$change` was done to `$rows`, and that it did nothing. The rows are put back.
macro_rules! refused {
    ($connection:ident, $rows:expr => $change:expr, $work:expr) => {{
        let mut told = None;
        let undone = $connection.transaction(|$connection| {
            let changed = diesel::update($rows).set($change).execute(&mut *$connection).unwrap();
            assert!(changed > 0);
            let before = $connection.rows();
            told = Some($work.map(drop).unwrap_err());
            assert_eq!($connection.rows(), before);
            Err::<(), _>(diesel::result::Error::RollbackTransaction)
        });
        assert!(undone.is_err());
        told.unwrap()
    }};
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

on_every_backend! {
    fn an_altered_record_of_a_group_is_not_believed<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        of(&accounts, &mut *connection, &[&ada, &bob]);
        let altered = |error| matches!(error, AccountError::Authority(AuthorityError::AlteredRecord));
        let error = refused!(connection, groups::table => groups::key_id.eq(7), accounts.group(&mut *connection, &bob, &group("editors")));
        assert!(altered(error));
        let error = refused!(connection, groups::table => groups::version.eq(9), accounts.group(&mut *connection, &ada, &group("editors")));
        assert!(altered(error));
        let error = refused!(connection, groups::table => groups::check_value.eq(vec![0; 32]), accounts.group(&mut *connection, &ada, &group("editors")));
        assert!(altered(error));
        let error = refused!(connection, groups::table => groups::group_id.eq(group("readers").as_bytes().to_vec()), accounts.group(&mut *connection, &ada, &group("readers")));
        assert!(altered(error));
        let error = refused!(connection, groups::table => groups::authority_key_id.eq(9), accounts.group(&mut *connection, &ada, &group("editors")));
        assert!(matches!(error, AccountError::Authority(AuthorityError::UnknownKey { key_id: 9 })), "{error}");
        let error = refused!(connection, groups::table => groups::mac.eq(vec![1]), accounts.group(&mut *connection, &ada, &group("editors")));
        assert!(matches!(error, AccountError::BadRow { table: "encryption_groups", column: "mac" }), "{error}");
    }

    fn an_altered_share_does_not_open<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl] = people(&accounts, &mut *connection);
        of(&accounts, &mut *connection, &[&ada, &bob, &carl]);
        let of_bob = || keys::table.filter(keys::user_id.eq(user(2).as_bytes().to_vec()));
        let share: Vec<u8> = of_bob().select(keys::share.assume_not_null()).first(&mut *connection).unwrap();
        let other: Vec<u8> = keys::table.filter(keys::user_id.eq(user(3).as_bytes().to_vec()))
            .select(keys::share.assume_not_null()).first(&mut *connection).unwrap();
        for share in [flipped(&share, 5), flipped(&share, share.len() - 1), other, Vec::new(), vec![0; 9]] {
            let error = refused!(connection, of_bob() => keys::share.eq(Some(share)), accounts.group(&mut *connection, &bob, &group("editors")));
            assert!(matches!(error, AccountError::Held { table: "encryption_group_keys", source: SharingError::NotSigned | SharingError::Malformed(_) }), "{error}");
        }
        // Who shared, by which identity, and whom.
        let error = refused!(connection, of_bob() => keys::sender_id.eq(user(3).as_bytes().to_vec()), accounts.group(&mut *connection, &bob, &group("editors")));
        assert!(matches!(error, AccountError::Held { source: SharingError::NotSigned, .. }), "{error}");
        let error = refused!(connection, of_bob() => keys::sender_id.eq(user(9).as_bytes().to_vec()), accounts.group(&mut *connection, &bob, &group("editors")));
        assert!(matches!(error, AccountError::UnknownUser), "{error}");
        let error = refused!(connection, of_bob() => keys::sender_id.eq(vec![1, 2]), accounts.group(&mut *connection, &bob, &group("editors")));
        assert!(matches!(error, AccountError::BadRow { column: "sender_id", .. }), "{error}");
        let error = refused!(connection, of_bob() => keys::sender_fingerprint.eq(vec![0; 32]), accounts.group(&mut *connection, &bob, &group("editors")));
        assert!(matches!(error, AccountError::Held { source: SharingError::NotSigned, .. }), "{error}");
        let error = refused!(connection, of_bob() => keys::mac.eq(vec![0; 32]), accounts.group(&mut *connection, &bob, &group("editors")));
        assert!(matches!(error, AccountError::Held { source: SharingError::AlteredPin, .. }), "{error}");
        let error = refused!(connection, of_bob() => keys::share.eq(None::<Vec<u8>>), accounts.group(&mut *connection, &bob, &group("editors")));
        assert!(matches!(error, AccountError::BadRow { column: "share", .. }), "{error}");
    }

    fn an_altered_copy_does_not_open<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        of(&accounts, &mut *connection, &[&ada, &bob]);
        opened(&accounts, &mut *connection, &bob);
        let copy_of = |id: i64| keys::table.filter(keys::user_id.eq(user(id).as_bytes().to_vec()));
        let adas: Vec<u8> = copy_of(1).select(keys::copy.assume_not_null()).first(&mut *connection).unwrap();
        let bobs: Vec<u8> = copy_of(2).select(keys::copy.assume_not_null()).first(&mut *connection).unwrap();
        for copy in [adas, flipped(&bobs, 40), flipped(&bobs, 1), flipped(&bobs, 3), vec![0xE4]] {
            let error = refused!(connection, copy_of(2) => keys::copy.eq(Some(copy)), accounts.group(&mut *connection, &bob, &group("editors")));
            assert!(matches!(error, AccountError::Held { table: "encryption_group_keys", .. }), "{error}");
            assert!(error.to_string().contains("encryption_group_keys"), "{error}");
        }
    }

    fn an_altered_pin_and_an_altered_key_pair_are_not_believed<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob]);
        let error = refused!(connection, pins::table => pins::fingerprint.eq(vec![0; 32]), accounts.share(&mut *connection, &ada, &group("notes"), bob.id()));
        assert!(matches!(error, AccountError::Held { table: "encryption_pins", source: SharingError::AlteredPin }), "{error}");
        let error = refused!(connection, pins::table => pins::mac.eq(vec![0; 32]), accounts.share(&mut *connection, &ada, &group("notes"), bob.id()));
        assert!(matches!(error, AccountError::Held { table: "encryption_pins", source: SharingError::AlteredPin }), "{error}");
        // Carl's public key, to be shared with in Bob's place.
        let pair_of = |id: i64| pairs::table.filter(pairs::user_id.eq(user(id).as_bytes().to_vec()));
        let carls: (Vec<u8>, Vec<u8>, Vec<u8>) = pair_of(3).select((pairs::public_key, pairs::identity_key, pairs::signature)).first(&mut *connection).unwrap();
        let error = refused!(connection, pair_of(2) => pairs::public_key.eq(carls.0.clone()), accounts.share(&mut *connection, &ada, &group("notes"), bob.id()));
        assert!(matches!(error, AccountError::Held { table: "encryption_key_pairs", source: SharingError::NotSigned }), "{error}");
        let whole = (pairs::public_key.eq(carls.0), pairs::identity_key.eq(carls.1), pairs::signature.eq(carls.2));
        let error = refused!(connection, pair_of(2) => whole.clone(), accounts.add(&mut *connection, &ada, &made, bob.id()));
        assert!(matches!(error, AccountError::Held { table: "encryption_key_pairs", source: SharingError::OtherIdentity }), "{error}");
        let error = refused!(connection, pair_of(2) => whole, accounts.group(&mut *connection, &ada, &group("editors")).and_then(|made| accounts.leave(&mut *connection, &ada, made)));
        assert!(matches!(error, AccountError::Held { table: "encryption_key_pairs", source: SharingError::OtherIdentity }), "{error}");
        drop(carl);
    }

    fn an_altered_earlier_key_does_not_open<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob, carl] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob, &carl]);
        opened(&accounts, &mut *connection, &bob);
        accounts.remove(&mut *connection, &ada, made, carl.id()).unwrap();
        let held = |error: AccountError| matches!(error, AccountError::Held { table: "encryption_earlier_keys", .. });
        for account in [&ada, &bob] {
            let error = refused!(connection, earlier::table => earlier::check_value.eq(vec![0; 32]), accounts.group(&mut *connection, account, &group("editors")));
            assert!(held(error));
            let error = refused!(connection, earlier::table => earlier::version.eq(2), accounts.group(&mut *connection, account, &group("editors")));
            assert!(held(error));
            let error = refused!(connection, earlier::table => earlier::held.eq(vec![0; 78]), accounts.group(&mut *connection, account, &group("editors")));
            assert!(held(error));
        }
        // Bob has the first key and not the second yet: that has to hold it.
        let error = refused!(connection, earlier::table => earlier::under_key_id.eq(1), accounts.group(&mut *connection, &bob, &group("editors")));
        assert!(matches!(error, AccountError::Held { table: "encryption_group_keys", source: SharingError::OtherKey }), "{error}");
    }

    fn an_altered_change_of_identity_is_not_followed<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, mut bob] = people(&accounts, &mut *connection);
        of(&accounts, &mut *connection, &[&ada, &bob]);
        accounts.change_identity(&mut *connection, &mut bob).unwrap();
        let change: Vec<u8> = changes::table.select(changes::change_bytes).first(&mut *connection).unwrap();
        let error = refused!(connection, changes::table => changes::change_bytes.eq(flipped(&change, 100)), accounts.share(&mut *connection, &ada, &group("notes"), bob.id()));
        assert!(matches!(error, AccountError::Held { table: "encryption_identity_changes", source: SharingError::NotSigned }), "{error}");
        let error = refused!(connection, changes::table => changes::user_id.eq(user(1).as_bytes().to_vec()), accounts.share(&mut *connection, &ada, &group("notes"), bob.id()));
        assert!(matches!(error, AccountError::Sharing(SharingError::OtherIdentity)), "{error}");
        let error = refused!(connection, changes::table => changes::change_bytes.eq(vec![1]), accounts.share(&mut *connection, &ada, &group("notes"), bob.id()));
        assert!(matches!(error, AccountError::BadRow { table: "encryption_identity_changes", .. }), "{error}");
        accounts.share(&mut *connection, &ada, &group("notes"), bob.id()).unwrap();
    }

    /// The share was read, and its row is gone before it is used.
    fn a_share_that_was_revoked_in_between_opens_nothing<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, bob] = people(&accounts, &mut *connection);
        of(&accounts, &mut *connection, &[&ada, &bob]);
        meanwhile(&mut connection, move |other| {
            let of_bob = keys::table.filter(keys::user_id.eq(user(2).as_bytes().to_vec()));
            assert_eq!(diesel::delete(of_bob).execute(other).unwrap(), 1);
        });
        let error = accounts.group(&mut *connection, &bob, &group("editors")).unwrap_err();
        assert!(matches!(error, AccountError::NotMember), "{error}");
        assert_eq!(pins::table.count().get_result::<i64>(&mut *connection).unwrap(), 1);
    }
}
