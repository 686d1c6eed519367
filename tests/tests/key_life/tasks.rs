//! What the tasks do to the rows, by the database's own clock.

use std::thread::sleep;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_encrypted::key_life::{
    ActivateKeys, CreateKeys, DestroyKey, KeyError, KeySelection, ListKeys, Processes, Rewrap, RootKeyUses, RowCount,
};
use diesel_encrypted::keys::{KeyEvent, KeyState};
use diesel_encrypted::prelude::*;
use diesel_encrypted::{
    DieselKeyStore, KeyManager, ManageKeys, RefreshVault, StoreError, VaultError, key_store::KeyStore,
};
use diesel_encrypted_tests::clinic::{Patient, patient, patients};
use diesel_encrypted_tests::scratch::Scratch;

use crate::{EMAIL_TAGS, LEASE, database, email, manager, models, new, old, on_each, only, root};

macro_rules! tasks {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            fn insert(connection: &mut $connection, vault: &Vault, id: i32, email: &str) {
                let insert = diesel::insert_into(patients::table);
                let inserted = vault.enter(|| insert.values(&patient(id, email)).execute(connection));
                assert_eq!(inserted.unwrap(), 1);
            }

            fn emails(connection: &mut $connection, vault: &Vault) -> Vec<String> {
                let loaded = || patients::table.order(patients::id).select(Patient::as_select()).load(connection);
                vault.enter(loaded).unwrap().iter().map(|patient| patient.email.expose().clone()).collect()
            }

            fn found(connection: &mut $connection, vault: &Vault, email: &str) -> Vec<i32> {
                let by_email = || patients::table.filter(patients::email.blind_eq(email)).select(patients::id);
                vault.enter(|| by_email().order(patients::id).load(connection)).unwrap()
            }

            fn number(connection: &mut $connection, sql: &str) -> i64 {
                diesel::dsl::sql::<BigInt>(sql).get_result(connection).unwrap()
            }

            fn count(connection: &mut $connection, rows: u64) -> RowCount {
                let began = DieselKeyStore::new(connection).now().unwrap();
                RowCount::new(rows, "SELECT ..".into(), began)
            }

            #[test]
            fn a_data_key_is_created_activated_and_destroyed() {
                let connection: &mut $connection = &mut database();
                let manager = manager();
                let first = models(old()).open(connection).unwrap();
                insert(connection, &first, 1, "ada@example.org");
                let created = manager.run(&CreateKeys::new(email()), connection).unwrap();
                assert_eq!((created.len(), created[0].state, created[0].version), (1, KeyState::Pending, 2));

                let activate = ActivateKeys::new(email(), Processes::Refresh);
                let early = manager.run(&activate, connection).unwrap_err();
                assert!(matches!(early, KeyError::TooEarly { .. }), "{early}");
                sleep(LEASE);
                let active = manager.run(&activate, connection).unwrap();
                assert_eq!((active[0].key_id, active[0].state), (created[0].key_id, KeyState::Active));
                let vault = models(old()).open(connection).unwrap();
                insert(connection, &vault, 2, "bob@example.org");
                assert_eq!(emails(connection, &vault), ["ada@example.org", "bob@example.org"]);

                let retired = only(manager.run(&ListKeys, connection).unwrap(), KeyState::Retired);
                let early = DestroyKey::new(retired.key_id, Processes::Refresh).counted(count(connection, 0));
                assert!(matches!(manager.run(&early, connection), Err(KeyError::TooEarly { leases: 2, .. })));
                sleep(2 * LEASE);
                assert!(matches!(manager.run(&early, connection), Err(KeyError::CountedTooEarly { .. })));
                let needed = DestroyKey::new(retired.key_id, Processes::Refresh).counted(count(connection, 1));
                assert!(matches!(manager.run(&needed, connection), Err(KeyError::Needed { rows: 1, .. })));

                diesel::delete(patients::table.find(1)).execute(connection).unwrap();
                let destroy = DestroyKey::new(retired.key_id, Processes::Refresh).counted(count(connection, 0));
                let destroyed = manager.run(&destroy, connection).unwrap();
                let events: Vec<_> = destroyed.events.iter().map(|event| event.event).collect();
                assert_eq!(events, [KeyEvent::Active, KeyEvent::Retired, KeyEvent::Destroyed]);
                let gone = format!("encryption_keys WHERE length(wrapped) = 0 AND key_id = {}", retired.key_id);
                assert_eq!(number(connection, &format!("SELECT count(*) FROM {gone}")), 1);
                let last = models(old()).open(connection).unwrap();
                assert_eq!(emails(connection, &last), ["bob@example.org"]);
            }

            #[test]
            fn the_clock_is_the_databases() {
                let connection: &mut $connection = &mut database();
                let before = DieselKeyStore::new(connection).now().unwrap();
                models(old()).open(connection).unwrap();
                let after = DieselKeyStore::new(connection).now().unwrap();
                assert!(after.since(before) < std::time::Duration::from_secs(600));
                let system = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
                let seconds = u64::try_from(before.unix_micros() / 1_000_000).unwrap();
                assert!(seconds.abs_diff(system) < 600, "it runs on this machine");
                for key in manager().run(&ListKeys, connection).unwrap() {
                    let made = key.when(KeyEvent::Active).unwrap();
                    assert!(before <= made && made <= after, "{before} {made} {after}");
                }
            }

            #[test]
            fn a_new_generation_is_searched_for_together_with_the_old_one() {
                let connection: &mut $connection = &mut database();
                let tags = || KeySelection::Index(EMAIL_TAGS.into());
                let first = models(old()).open(connection).unwrap();
                insert(connection, &first, 1, "Ada@example.org");
                manager().run(&CreateKeys::new(tags()), connection).unwrap();
                let between = models(old()).open(connection).unwrap();
                insert(connection, &between, 2, "Ada@example.org");
                manager().run(&ActivateKeys::new(tags(), Processes::Restarted), connection).unwrap();
                let after = models(old()).open(connection).unwrap();
                insert(connection, &after, 3, "Ada@example.org");
                for vault in [between, after] {
                    assert_eq!(found(connection, &vault, "ada@EXAMPLE.org"), [1, 2, 3]);
                }
            }

            #[test]
            fn rewrapping_needs_the_old_root_key_once_and_touches_no_value() {
                let connection: &mut $connection = &mut database();
                let first = models(old()).open(connection).unwrap();
                insert(connection, &first, 1, "ada@example.org");
                models(old()).scope("tenant").open(connection).unwrap();
                let stored: Vec<u8> = patients::table.select(patients::email).first(connection).unwrap();

                let both = KeyManager::new(new().with(root("old", 1)).unwrap());
                let rewrapped = both.run(&Rewrap, connection).unwrap();
                assert!(rewrapped.keys > 10 && rewrapped.needed.len() == 1, "{rewrapped:?}");
                let with_wrapped = "SELECT count(*) FROM encryption_keys WHERE length(wrapped) > 0";
                assert_eq!(number(connection, with_wrapped), i64::try_from(rewrapped.keys).unwrap());
                let uses = KeyManager::new(new()).run(&RootKeyUses, connection).unwrap();
                assert_eq!(uses, rewrapped.needed);
                assert_eq!(uses[0].root_id, "new");

                let vault = models(new()).existing_keys_only().open(connection).unwrap();
                assert_eq!(emails(connection, &vault), ["ada@example.org"]);
                models(new()).scope("tenant").existing_keys_only().open(connection).unwrap();
                let error = models(old()).open(connection).unwrap_err();
                assert!(matches!(error, VaultError::UnknownRootKey { .. }), "{error}");
                let now: Vec<u8> = patients::table.select(patients::email).first(connection).unwrap();
                assert_eq!(now, stored);
                let keys = KeyManager::new(new()).run(&ListKeys, connection).unwrap();
                assert!(keys.iter().all(|key| key.root_id == "new" && key.when(KeyEvent::Rewrapped).is_some()));
            }

            #[test]
            fn what_a_vault_has_sealed_is_added_to_the_rows() {
                let connection: &mut $connection = &mut database();
                let vault = models(old()).lease(LEASE * 100).open(connection).unwrap();
                vault.enter(|| {
                    for _ in 0..10_000 {
                        drop(Sealed::<String, patients::phone>::seal("555-01").unwrap());
                    }
                });
                vault.refresh(connection).unwrap();
                let sealed = number(connection, "SELECT max(sealed_count) FROM encryption_keys");
                assert!((5_000..15_000).contains(&sealed), "about 10,000: {sealed}");
                vault.refresh(connection).unwrap();
                assert_eq!(number(connection, "SELECT max(sealed_count) FROM encryption_keys"), sealed);
            }

            #[test]
            fn no_task_runs_inside_of_a_transaction() {
                let connection: &mut $connection = &mut database();
                models(old()).open(connection).unwrap();
                let refused = connection.transaction(|connection| {
                    QueryResult::Ok(manager().run(&CreateKeys::new(KeySelection::All), connection))
                });
                let error = refused.unwrap().unwrap_err();
                assert!(matches!(error, KeyError::Vault(VaultError::Store(StoreError::InTransaction))), "{error}");
                assert_eq!(number(connection, "SELECT count(*) FROM encryption_keys WHERE state = 1"), 0);
            }

            #[test]
            fn managers_at_once_make_one_pending_key_for_each_name() {
                let mut connection: Scratch<$connection> = database();
                models(old()).open(&mut *connection).unwrap();
                let url = connection.url().to_owned();
                let create = || {
                    let connection = &mut <$connection>::establish(&url).unwrap();
                    manager().run(&CreateKeys::new(KeySelection::All), connection).unwrap()
                };
                let made: Vec<_> = std::thread::scope(|scope| {
                    let threads: Vec<_> = (0..4).map(|_| scope.spawn(create)).collect();
                    threads.into_iter().map(|thread| thread.join().unwrap().len()).collect()
                });
                let names =
                    number(&mut connection, "SELECT count(*) FROM encryption_keys WHERE state = 2 AND purpose < 3");
                assert_eq!(made, [usize::try_from(names).unwrap(); 4]);
                assert_eq!(number(&mut connection, "SELECT count(*) FROM encryption_keys WHERE state = 1"), names);
                let audited = "SELECT count(*) FROM encryption_audit WHERE event = 1";
                assert_eq!(number(&mut connection, audited), names);
            }

            #[test]
            fn a_change_that_was_kept_waiting_is_not_recorded_with_an_old_time() {
                let connection: &mut $connection = &mut database();
                models(old()).open(connection).unwrap();
                struct Late<'c>(DieselKeyStore<'c, $connection>, u32);
                impl KeyStore for Late<'_> {
                    fn load(
                        &mut self,
                        scope: Option<&[u8]>,
                    ) -> Result<diesel_encrypted::key_store::Stored, StoreError> {
                        self.0.load(scope)
                    }
                    fn load_all(&mut self) -> Result<diesel_encrypted::key_store::Stored, StoreError> {
                        self.0.load_all()
                    }
                    /// The first answer is a minute old when it is written.
                    fn now(&mut self) -> Result<diesel_encrypted::keys::Timestamp, StoreError> {
                        self.1 += 1;
                        let now = self.0.now()?;
                        let minute = if self.1 == 1 { 60_000_000 } else { 0 };
                        Ok(diesel_encrypted::keys::Timestamp::from_unix_micros(now.unix_micros() - minute))
                    }
                    fn apply(
                        &mut self,
                        changes: &[diesel_encrypted::key_store::Change],
                    ) -> Result<diesel_encrypted::key_store::Applied, StoreError> {
                        self.0.apply(changes)
                    }
                    fn key(&mut self, key_id: u32) -> Result<Option<diesel_encrypted::keys::KeyRow>, StoreError> {
                        self.0.key(key_id)
                    }
                    fn sample(&mut self, field: &diesel_encrypted::Field) -> Result<Option<Vec<u8>>, StoreError> {
                        self.0.sample(field)
                    }
                }
                let mut late = Late(DieselKeyStore::new(connection), 0);
                let started = late.0.now().unwrap();
                let created = manager().run_with(&CreateKeys::new(email()), &mut late).unwrap();
                assert_eq!(late.1, 2, "decided anew");
                assert!(created[0].when(KeyEvent::Pending).unwrap() >= started);
                assert_eq!(number(connection, "SELECT count(*) FROM encryption_keys WHERE state = 1"), 1);
            }
        }
    };
}
on_each!(tasks);
