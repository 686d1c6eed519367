//! Someone who writes to the database, and someone who has the application's key as well: nobody lets them in.

use std::sync::Arc;

use diesel::prelude::*;
use diesel_encrypted::MemoryKeyStore;
use diesel_encrypted::accounts::{
    Account, AccountError, Accounts,
    schema::{
        encryption_earlier_keys as earlier, encryption_group_keys as keys, encryption_groups as groups,
        encryption_key_pairs as pairs, encryption_users as users,
    },
};
use diesel_encrypted::users::{Authority, AuthorityError, Contact, GroupKey, Member, Pin, SharingError, Suite};
use diesel_encrypted_tests::on_every_backend;

use super::{group, members, of, opened, people};
use crate::world::{Rows, database, user, vault};

/// The application, and its own key.
fn application() -> (Accounts, Arc<Authority>) {
    let vault = vault(&MemoryKeyStore::new());
    (Accounts::new(&vault).unwrap(), vault.authority().unwrap())
}

fn contact(authority: &Authority, account: &Account) -> Contact {
    let record = authority.record(account.key(), Some(account.member().fingerprint())).unwrap();
    account.member().publish().verify(&authority.authenticate(&record).unwrap()).unwrap()
}

/// What stands in a member's row.
struct Planted<'a> {
    scope: Vec<u8>,
    key_id: i64,
    member: &'a Account,
    sender: &'a Account,
    mac: Vec<u8>,
    share: Option<Vec<u8>>,
}

macro_rules! plant {
    ($connection:ident, $planted:expr) => {{
        let Planted { scope, key_id, member, sender, mac, share } = $planted;
        let row = (
            keys::scope.eq(scope),
            keys::group_id.eq(group("editors").as_bytes().to_vec()),
            keys::key_id.eq(key_id),
            keys::user_id.eq(member.id().as_bytes().to_vec()),
            keys::sender_id.eq(sender.id().as_bytes().to_vec()),
            keys::sender_fingerprint.eq(sender.member().fingerprint().to_vec()),
            keys::fingerprint.eq(member.member().fingerprint().to_vec()),
            keys::mac.eq(mac),
            keys::share.eq(share),
            keys::copy.eq(None::<Vec<u8>>),
        );
        diesel::insert_into(keys::table).values(row).execute(&mut *$connection).unwrap();
    }};
}

on_every_backend! {
    /// Eve puts herself into the table, to be given the next key when someone goes.
    fn a_member_whom_nobody_added_is_given_no_key<C>() {
        let (mut connection, (accounts, authority)) = (database::<C>(), application());
        let [ada, bob, eve] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob]);
        // As good a row as Eve can make: Bob's, with her name and her identity.
        let (key_id, share): (i64, Option<Vec<u8>>) = keys::table.filter(keys::user_id.eq(bob.id().as_bytes()))
            .select((keys::key_id, keys::share)).first(&mut *connection).unwrap();
        let (scope, mac): (Vec<u8>, Vec<u8>) = keys::table.select((keys::scope, keys::mac)).first(&mut *connection).unwrap();
        let own = Pin::new(eve.key(), &contact(&authority, &eve));
        for mac in [mac, own.mac.to_vec()] {
            let (scope, share) = (scope.clone(), share.clone());
            plant!(connection, Planted { scope, key_id, member: &eve, sender: &ada, mac, share });
            let before = connection.rows();
            let error = accounts.group(&mut *connection, &eve, &group("editors")).unwrap_err();
            assert!(matches!(error, AccountError::Held { source: SharingError::NotSigned, .. }), "{error}");
            let again = accounts.group(&mut *connection, &ada, &group("editors")).unwrap();
            for error in [
                accounts.members(&mut *connection, &again).map(drop),
                accounts.add(&mut *connection, &ada, &again, eve.id()),
                accounts.remove(&mut *connection, &ada, again, bob.id()).map(drop),
            ] {
                let named = matches!(error, Err(AccountError::Held { table: "encryption_group_keys", source: SharingError::AlteredPin }));
                assert!(named, "{error:?}");
            }
            assert_eq!(connection.rows(), before);
            let of_eve = keys::table.filter(keys::user_id.eq(eve.id().as_bytes().to_vec()));
            diesel::delete(of_eve).execute(&mut *connection).unwrap();
        }
        let next = accounts.remove(&mut *connection, &ada, made, bob.id()).unwrap();
        assert_eq!(members(&accounts, &mut *connection, &next), [user(1)]);
    }

    /// Who was removed puts the record back by which they were in it.
    fn an_older_record_opens_for_nobody_who_has_gone_on<C>() {
        let (mut connection, (accounts, _)) = (database::<C>(), application());
        let [ada, bob, eve] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob, &eve]);
        type Record = (i64, i64, i64, Vec<u8>, Vec<u8>);
        let record = || (groups::authority_key_id, groups::key_id, groups::version, groups::check_value, groups::mac);
        let (authority_key, key, version, check, mac): Record = groups::table.select(record()).first(&mut *connection).unwrap();
        accounts.remove(&mut *connection, &ada, made, eve.id()).unwrap();
        let back = (
            groups::authority_key_id.eq(authority_key), groups::key_id.eq(key), groups::version.eq(version),
            groups::check_value.eq(check), groups::mac.eq(mac),
        );
        diesel::update(groups::table).set(back).execute(&mut *connection).unwrap();
        let before = connection.rows();
        for account in [&ada, &bob, &eve] {
            let error = accounts.group(&mut *connection, account, &group("editors")).unwrap_err();
            assert!(matches!(error, AccountError::NotMember), "{error}");
        }
        assert_eq!(connection.rows(), before);
    }

    /// Eve was removed. She knows the first key, the database is hers to write, and the application's key too: what she
    /// makes is not the key after the one that the others have.
    fn who_was_removed_makes_no_next_key<C>() {
        let (mut connection, (accounts, authority)) = (database::<C>(), application());
        let [ada, bob, eve] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob, &eve]);
        let by_eve = accounts.group(&mut *connection, &eve, &group("editors")).unwrap();
        // Bob knows Eve.
        accounts.share(&mut *connection, &bob, &group("two"), eve.id()).unwrap();
        let second = accounts.remove(&mut *connection, &ada, made, eve.id()).unwrap();
        opened(&accounts, &mut *connection, &bob);

        let planted: GroupKey = by_eve.key().successor().unwrap().successor().unwrap();
        let record = authority.group_record(&planted).unwrap();
        let scope: Vec<u8> = groups::table.select(groups::scope).first(&mut *connection).unwrap();
        let next = (
            groups::key_id.eq(i64::from(record.key_id)), groups::version.eq(i64::from(record.version)),
            groups::check_value.eq(record.check.to_vec()), groups::mac.eq(record.mac.to_vec()),
        );
        let editors = || groups::table.filter(groups::group_id.eq(group("editors").as_bytes().to_vec()));
        let honest: Vec<u8> = editors().select(groups::mac).first(&mut *connection).unwrap();
        diesel::update(editors()).set(next).execute(&mut *connection).unwrap();
        let member = Pin::new(&planted, &contact(&authority, &bob));
        let share = eve.member().share(&planted, &contact(&authority, &bob)).unwrap();
        plant!(connection, Planted {
            scope: scope.clone(), key_id: i64::from(record.key_id), member: &bob, sender: &eve, mac: member.mac.to_vec(), share: Some(share),
        });
        let refused = |connection: &mut C, expected: &str| {
            let before = connection.rows();
            let error = accounts.group(connection, &bob, &group("editors")).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert_eq!(connection.rows(), before);
        };
        // It holds nothing; it holds the first, under its own name and under the second's.
        refused(&mut connection, &SharingError::OtherKey.to_string());
        let held = planted.hold_earlier(by_eve.key()).unwrap();
        let first_key = i64::from(by_eve.key().place().key_id());
        let under = |id: i64, version: i64, check: [u8; 32]| (
            earlier::scope.eq(scope.clone()), earlier::holder_kind.eq(2), earlier::holder_id.eq(group("editors").as_bytes().to_vec()),
            earlier::key_id.eq(id), earlier::version.eq(version), earlier::check_value.eq(check.to_vec()),
            earlier::under_key_id.eq(i64::from(record.key_id)), earlier::held.eq(held.clone()),
        );
        diesel::delete(earlier::table).execute(&mut *connection).unwrap();
        diesel::insert_into(earlier::table).values(under(first_key, 1, by_eve.key().check_value())).execute(&mut *connection).unwrap();
        refused(&mut connection, &SharingError::OtherKey.to_string());
        diesel::delete(earlier::table).execute(&mut *connection).unwrap();
        let place = second.key().place();
        let named = under(place.key_id().into(), place.version().into(), second.key().check_value());
        diesel::insert_into(earlier::table).values(named).execute(&mut *connection).unwrap();
        refused(&mut connection, "encryption_earlier_keys");
        // Without the application's key it is not even looked at.
        diesel::update(editors()).set(groups::mac.eq(honest)).execute(&mut *connection).unwrap();
        refused(&mut connection, &AuthorityError::AlteredRecord.to_string());
    }

    /// The application itself makes keys for Bob, and a record that names them: who knows Bob, and the group that has him,
    /// are not taken in.
    fn an_identity_that_the_application_made_up_is_not_taken_for_a_known_one<C>() {
        let (mut connection, (accounts, authority)) = (database::<C>(), application());
        let [ada, bob, carl] = people(&accounts, &mut *connection);
        let made = of(&accounts, &mut *connection, &[&ada, &bob, &carl]);
        // Carl has never shared with Bob; he knows him by the group alone.
        let by_carl = accounts.group(&mut *connection, &carl, &group("editors")).unwrap();

        let forged = Member::generate(bob.key(), Suite::default()).unwrap();
        let (record, public) = (authority.record(bob.key(), Some(forged.fingerprint())).unwrap(), forged.publish());
        let of_bob = users::table.filter(users::user_id.eq(bob.id().as_bytes().to_vec()));
        let named = (users::identity.eq(record.identity.map(Vec::from)), users::mac.eq(record.mac.to_vec()));
        diesel::update(of_bob).set(named).execute(&mut *connection).unwrap();
        let of_bob = pairs::table.filter(pairs::user_id.eq(bob.id().as_bytes().to_vec()));
        let pair = (
            pairs::public_key.eq(public.encryption.as_bytes().to_vec()), pairs::identity_key.eq(public.identity.to_vec()),
            pairs::signature.eq(public.signature.to_vec()),
        );
        diesel::update(of_bob).set(pair).execute(&mut *connection).unwrap();
        let before = connection.rows();
        for error in [
            accounts.share(&mut *connection, &ada, &group("notes"), bob.id()).map(drop),
            accounts.add(&mut *connection, &ada, &made, bob.id()),
            accounts.remove(&mut *connection, &ada, made, carl.id()).map(drop),
            accounts.remove(&mut *connection, &carl, by_carl, ada.id()).map(drop),
        ] {
            assert!(matches!(error, Err(AccountError::Sharing(SharingError::OtherIdentity))), "{error:?}");
        }
        assert_eq!(connection.rows(), before);
        // Ada asks Bob, who sees another identity. Were it his, she would say so.
        for seen in [bob.member().fingerprint(), [0; 32]] {
            let error = accounts.trust(&mut *connection, &ada, bob.id(), &seen).unwrap_err();
            assert!(matches!(error, AccountError::Sharing(SharingError::OtherIdentity)), "{error}");
        }
        assert_eq!(connection.rows(), before);
        accounts.trust(&mut *connection, &ada, bob.id(), &forged.fingerprint()).unwrap();
        accounts.share(&mut *connection, &ada, &group("notes"), bob.id()).unwrap();
        // Whoever never met him believes the application.
        accounts.share(&mut *connection, &carl, &group("two"), bob.id()).unwrap();
    }
}
