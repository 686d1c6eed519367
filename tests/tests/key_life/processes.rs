//! Three processes write, read and search while every key is rotated, and meet no error.

use std::{
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use diesel::prelude::*;
use diesel_encrypted::key_life::{ActivateKeys, CreateKeys, DestroyKey, KeySelection, ListKeys, Processes, RowCount};
use diesel_encrypted::keys::{KeyState, Purpose};
use diesel_encrypted::maintenance::{self, Maintenance, Selection};
use diesel_encrypted::prelude::*;
use diesel_encrypted::{DieselKeyStore, KeyManager, ManageKeys, RefreshVault, key_store::KeyStore};
use diesel_encrypted_tests::clinic::{Patient, patient, patients};
use diesel_encrypted_tests::scratch::Scratch;

use crate::{database, models, old, on_each};

const URL: &str = "KEY_LIFE_TEST_URL";
const FIRST: &str = "KEY_LIFE_TEST_FIRST";

const LEASE: Duration = Duration::from_secs(2);
const INTERVAL: Duration = Duration::from_millis(200);
const EACH: i32 = 1_000_000;

type Failure = Box<dyn std::error::Error + Send + Sync>;

macro_rules! processes {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            fn connect(url: &str) -> Result<$connection, Failure> {
                let mut connection = <$connection>::establish(url)?;
                if !url.contains("://") {
                    diesel::sql_query("PRAGMA busy_timeout = 30000").execute(&mut connection)?;
                }
                Ok(connection)
            }

            fn email(id: i32) -> String {
                format!("Person{id}@example.org")
            }

            /// What an application does with one row: writes it, finds it, reads it, changes it, and finds an earlier one.
            fn work(connection: &mut $connection, first: i32, id: i32) -> Result<(), Failure> {
                diesel::insert_into(patients::table).values(&patient(id, &email(id))).execute(connection)?;
                let earlier = first + (id - first) / 2;
                for id in [id, earlier] {
                    let sought = email(id).to_uppercase();
                    let found: Vec<Patient> = patients::table
                        .filter(patients::email.blind_eq(sought.as_str()))
                        .select(Patient::as_select())
                        .load(connection)?;
                    let [found] = &found[..] else { return Err(format!("{} rows for {id}", found.len()).into()) };
                    if found.email.expose() != &email(id) || found.phone.as_ref().unwrap().expose() != "555-01" {
                        return Err(format!("another value in row {id}").into());
                    }
                }
                let changed = patients::table.find(earlier);
                let phone = Encrypted::<_, patients::phone>::new("555-01".to_owned());
                diesel::update(changed).set(patients::phone.eq(phone)).execute(connection)?;
                Ok(())
            }

            /// A process of its own, until its database says that it is over. Does nothing otherwise.
            #[test]
            fn child_process() {
                let Ok(url) = std::env::var(URL) else { return };
                let first: i32 = std::env::var(FIRST).unwrap().parse().unwrap();
                let connection = &mut connect(&url).unwrap();
                let refresh = move |vault: &Vault| -> Result<(), Failure> { Ok(vault.refresh(&mut connect(&url)?)?) };
                let builder = models(old()).existing_keys_only().refresh_by(refresh);
                let vault = builder.refresh_every(INTERVAL).lease(LEASE).open(connection).unwrap();
                for id in first.. {
                    vault.enter(|| work(connection, first, id)).unwrap();
                    let over: i64 = patients::table.filter(patients::id.eq(0)).count().get_result(connection).unwrap();
                    if over == 1 {
                        break;
                    }
                    sleep(Duration::from_millis(2));
                }
            }

            fn start(url: &str, number: i32) -> Child {
                Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", concat!("processes::", stringify!($backend), "::child_process"), "--nocapture"])
                    .env(URL, url)
                    .env(FIRST, (number * EACH).to_string())
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap()
            }

            #[test]
            fn three_processes_see_a_whole_rotation_of_every_key_and_no_error() {
                let mut scratch: Scratch<$connection> = database();
                models(old()).open(&mut *scratch).unwrap();
                let url = scratch.url().to_owned();
                if !url.contains("://") {
                    diesel::sql_query("PRAGMA journal_mode = WAL").execute(&mut *scratch).unwrap();
                }
                let connection = &mut connect(&url).unwrap();
                let mut children: Vec<_> = (1..=3).map(|number| start(&url, number)).collect();
                let rows =
                    |connection: &mut $connection| -> i64 { patients::table.count().get_result(connection).unwrap() };
                let began = Instant::now();
                while rows(connection) < 100 {
                    assert!(began.elapsed() < Duration::from_secs(60), "they work");
                    sleep(Duration::from_millis(50));
                }

                let manager = KeyManager::new(old()).lease(LEASE);
                let all = || KeySelection::All;
                manager.run(&CreateKeys::new(all()), connection).unwrap();
                sleep(LEASE + Duration::from_millis(100));
                manager.run(&ActivateKeys::new(all(), Processes::Refresh), connection).unwrap();
                // From here on nobody seals by the old keys: what they sealed is sealed anew.
                sleep(2 * LEASE + Duration::from_millis(200));
                let vault = models(old()).open(connection).unwrap();
                let on = |_: &maintenance::Progress<'_>| std::ops::ControlFlow::Continue(());
                let mut engine = Maintenance::open(connection, &vault).unwrap();
                assert!(engine.rotate(&Selection::all()).run(on).unwrap().is_clean());
                assert!(engine.reindex(&Selection::all()).run(on).unwrap().is_clean());

                let began = DieselKeyStore::new(connection).now().unwrap();
                let status = maintenance::status(connection).unwrap();
                let keys = manager.run(&ListKeys, connection).unwrap();
                let retired: Vec<_> = keys.iter().filter(|key| key.state == KeyState::Retired).collect();
                assert!(retired.len() >= 10 && retired.iter().any(|key| key.purpose == Purpose::Index));
                for key in retired {
                    // Every index had its first generation before, and its second now.
                    let count: u64 = match key.generation {
                        None => {
                            let counts = status.iter().flat_map(|column| &column.keys);
                            counts.filter(|used| used.key_id == key.key_id).map(|used| used.rows).sum()
                        }
                        Some(generation) => {
                            let indexes = status.iter().flat_map(|column| &column.indexes);
                            indexes.filter_map(|index| index.generations.get(&generation)).sum()
                        }
                    };
                    let count = RowCount::new(count, "status".into(), began);
                    manager.run(&DestroyKey::new(key.key_id, Processes::Refresh).counted(count), connection).unwrap();
                }
                let before = rows(connection);
                sleep(4 * INTERVAL);
                let vault = models(old()).open(connection).unwrap();
                vault
                    .enter(|| diesel::insert_into(patients::table).values(&patient(0, "over")).execute(connection))
                    .unwrap();
                for child in &mut children {
                    assert!(child.wait().unwrap().success(), "no error");
                }
                assert!(rows(connection) > before, "they worked to the end");
                let every: Vec<Patient> =
                    vault.enter(|| patients::table.select(Patient::as_select()).load(connection)).unwrap();
                assert!(every.iter().filter(|row| row.id > 0).all(|row| row.email.expose() == &email(row.id)));
            }
        }
    };
}
on_each!(processes);
