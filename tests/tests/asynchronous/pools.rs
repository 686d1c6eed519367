//! Pools: r2d2 over Diesel's connections, deadpool and bb8 over diesel-async's.

use diesel::{
    prelude::*,
    r2d2::{self, ConnectionManager, CustomizeConnection},
};
use diesel_async::{
    RunQueryDsl,
    pooled_connection::{bb8, deadpool},
    sync_connection_wrapper::SyncConnectionWrapper,
};
use diesel_encrypted::{VaultBuilder, prelude::*};
use diesel_encrypted_tests::clinic::{Chart, Patient, Visit, patient, patients};

use crate::database::{self, runtime};

const TASKS: i32 = 12;

fn builder(root_keys: &RootKeys, tenant: i32) -> VaultBuilder {
    let builder = Vault::builder(root_keys.clone()).scope(format!("tenant {tenant}"));
    builder.model::<Patient>().model::<Chart>().model::<Visit>()
}

/// Makes SQLite's connections wait for each other.
#[derive(Debug)]
struct Waits(bool);

impl<C: Connection> CustomizeConnection<C, r2d2::Error> for Waits {
    fn on_acquire(&self, connection: &mut C) -> Result<(), r2d2::Error> {
        let waits = if self.0 { connection.batch_execute("PRAGMA busy_timeout = 30000") } else { Ok(()) };
        waits.map_err(r2d2::Error::QueryError)
    }
}

/// What each task writes and finds, with whatever connection it has just got.
macro_rules! work {
    ($id:expr, $pool:ident) => {{
        for round in 0..4 {
            let row = patient($id + round * TASKS, "shared@example.org");
            let mut connection = $pool.get().await.unwrap();
            diesel::insert_into(patients::table).values(&row).execute(&mut connection).await.unwrap();
            drop(connection);
            let mut connection = $pool.get().await.unwrap();
            let found = patients::table.filter(patients::email.blind_eq("SHARED@example.org")).order(patients::id);
            let found: Vec<Patient> = found.select(Patient::as_select()).load(&mut connection).await.unwrap();
            // Those of this tenant, among which are those of other tasks.
            assert!(found.iter().any(|found| *found == row));
            assert!(found.iter().all(|found| found.id % 3 == $id % 3));
        }
    }};
}

macro_rules! pools {
    ($backend:ident: $connection:ty, $sync:ty, $database:path) => {
        mod $backend {
            use super::*;

            #[test]
            fn deadpool_gives_connections_that_vaults_are_opened_and_used_over() {
                let (database, root_keys) = ($database(), RootKeys::ephemeral().unwrap());
                runtime().block_on(async {
                    let manager = database::manager::<$connection>(&database);
                    let pool = deadpool::Pool::builder(manager).max_size(3).build().unwrap();
                    let mut tasks = Vec::new();
                    for id in 0..TASKS {
                        let vault =
                            builder(&root_keys, id % 3).open_async(&mut pool.get().await.unwrap()).await.unwrap();
                        let pool = pool.clone();
                        tasks.push(tokio::spawn(vault.attach(async move || work!(id, pool))));
                    }
                    for task in tasks {
                        task.await.unwrap();
                    }
                });
            }

            #[test]
            fn bb8_gives_connections_that_vaults_are_opened_and_used_over() {
                let (database, root_keys) = ($database(), RootKeys::ephemeral().unwrap());
                runtime().block_on(async {
                    let manager = database::manager::<$connection>(&database);
                    let pool = bb8::Pool::builder().max_size(3).build(manager).await.unwrap();
                    let mut tasks = Vec::new();
                    for id in 0..TASKS {
                        let vault =
                            builder(&root_keys, id % 3).open_async(&mut *pool.get().await.unwrap()).await.unwrap();
                        let pool = pool.clone();
                        tasks.push(tokio::spawn(vault.attach(async move || work!(id, pool))));
                    }
                    for task in tasks {
                        task.await.unwrap();
                    }
                });
            }

            #[test]
            fn r2d2_gives_connections_that_vaults_are_opened_and_used_over() {
                let (database, root_keys) = ($database(), RootKeys::ephemeral().unwrap());
                let manager = ConnectionManager::<$sync>::new(database.url());
                let waits = Box::new(Waits(!database.url().contains("://")));
                let pool = r2d2::Pool::builder().max_size(3).connection_customizer(waits).build(manager).unwrap();
                for tenant in 0..3 {
                    // The pooled connection itself, or what is within.
                    builder(&root_keys, tenant).open(&mut pool.get().unwrap()).unwrap();
                    builder(&root_keys, tenant).open(&mut *pool.get().unwrap()).unwrap();
                }
                std::thread::scope(|scope| {
                    for id in 0..TASKS {
                        let (pool, root_keys) = (&pool, &root_keys);
                        scope.spawn(move || {
                            let mut connection = pool.get().unwrap();
                            let vault = builder(root_keys, id % 3).open(&mut connection).unwrap();
                            drop(connection);
                            vault.enter(|| {
                                let row = patient(id, "shared@example.org");
                                let connection = &mut pool.get().unwrap();
                                let insert = diesel::insert_into(patients::table).values(&row);
                                diesel::RunQueryDsl::execute(insert, connection).unwrap();
                                let found = patients::table.filter(patients::email.blind_eq("SHARED@example.org"));
                                let found = found.select(Patient::as_select());
                                let found: Vec<Patient> = diesel::RunQueryDsl::load(found, connection).unwrap();
                                assert!(found.iter().any(|found| *found == row));
                                assert!(found.iter().all(|found| found.id % 3 == id % 3));
                            });
                        });
                    }
                });
            }
        }
    };
}

pools!(sqlite: SyncConnectionWrapper<SqliteConnection>, SqliteConnection, database::sqlite);
#[cfg(feature = "postgres")]
pools!(postgres: diesel_async::AsyncPgConnection, PgConnection, database::postgres);
#[cfg(feature = "mysql")]
pools!(mysql: diesel_async::AsyncMysqlConnection, MysqlConnection, database::mysql);
