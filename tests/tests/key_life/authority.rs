//! The authority's key, by which the application vouches for its users: made, rotated, learned and rewrapped as the keys of
//! fields are.

use std::time::Duration;

use diesel::prelude::*;
use diesel_encrypted::key_life::{ActivateKeys, CreateKeys, KeySelection, ListKeys, Processes, Rewrap};
use diesel_encrypted::keys::Purpose;
use diesel_encrypted::prelude::*;
use diesel_encrypted::users::{AuthorityError, UserId, UserRecord};
use diesel_encrypted::{KeyManager, ManageKeys, RefreshVault, VaultError};

use crate::{database, manager, models, new, old, on_each};

fn record(vault: &Vault) -> UserRecord {
    let authority = vault.authority().unwrap();
    authority.record(&authority.create(UserId::of(&7_i64).unwrap()).unwrap(), None).unwrap()
}

fn believes(vault: &Vault, record: &UserRecord) -> Result<(), AuthorityError> {
    vault.authority_for(record.authority_key_id).unwrap().authenticate(record).map(drop)
}

macro_rules! authority {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            #[test]
            fn a_record_is_believed_through_the_life_of_the_key() {
                let connection: &mut $connection = &mut database();
                // The models' keys are there before the first user is.
                models(old()).open(connection).unwrap();
                let missing = models(old()).users().existing_keys_only().open(connection).unwrap_err();
                assert!(matches!(missing, VaultError::KeyMissing { purpose: Purpose::Users, .. }), "{missing}");
                let before = record(&models(old()).users().open(connection).unwrap());
                let running = models(old()).users().lease(Duration::from_secs(60)).open(connection).unwrap();
                believes(&running, &before).unwrap();

                let created = manager().run(&CreateKeys::new(KeySelection::Users), connection).unwrap();
                assert_eq!((created.len(), created[0].purpose, created[0].version), (1, Purpose::Users, 2));
                running.refresh(connection).unwrap();
                assert_eq!(record(&running).authority_key_id, before.authority_key_id, "pending");
                let activate = ActivateKeys::new(KeySelection::Users, Processes::Restarted);
                manager().run(&activate, connection).unwrap();
                let after = record(&models(old()).users().open(connection).unwrap());
                assert_eq!(after.authority_key_id, created[0].key_id);
                believes(&running, &after).unwrap();
                running.refresh(connection).unwrap();
                assert_eq!(record(&running).authority_key_id, after.authority_key_id);

                let moving = KeyManager::moving(&old(), new()).unwrap();
                moving.run(&Rewrap, connection).unwrap();
                let vault = models(new()).users().existing_keys_only().open(connection).unwrap();
                believes(&vault, &before).unwrap();
                believes(&vault, &after).unwrap();
            }

            #[test]
            fn each_scope_has_an_authority_of_its_own() {
                let connection: &mut $connection = &mut database();
                let open = |scope: &str, connection: &mut $connection| {
                    Vault::builder(old()).users().scope(scope).open(connection).unwrap()
                };
                let (one, two) = (open("one", connection), open("two", connection));
                let of_one = record(&one);
                believes(&open("one", connection), &of_one).unwrap();
                assert!(matches!(believes(&two, &of_one), Err(AuthorityError::UnknownKey { .. })));
                let listed = manager().scope("two").run(&ListKeys, connection).unwrap();
                assert_eq!(listed.iter().map(|key| key.purpose).collect::<Vec<_>>(), [Purpose::Users]);
            }
        }
    };
}

on_each!(authority);
