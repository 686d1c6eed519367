//! Futures, streams and transactions of several tenants.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    thread,
};

use diesel::prelude::*;
use diesel_async::{
    AsyncConnection, RunQueryDsl, pooled_connection::deadpool::Pool, sync_connection_wrapper::SyncConnectionWrapper,
};
use diesel_encrypted::{EncryptionErrorExt, ValueError, VaultId, prelude::*};
use diesel_encrypted_tests::clinic::{Chart, Clinic, Patient, Visit, patient, patients};
use futures_util::{StreamExt, TryStreamExt};
use tokio::task::yield_now;

use crate::database::{self, runtime};

type Email = Encrypted<String, patients::email>;
type SealedEmail = Sealed<String, patients::email>;

/// A vault for each tenant, over one key store.
fn tenants(count: usize) -> Vec<Vault> {
    let clinic = Clinic::new();
    (0..count)
        .map(|tenant| {
            clinic.open(|builder| {
                builder.scope(format!("tenant {tenant}")).model::<Patient>().model::<Chart>().model::<Visit>()
            })
        })
        .collect()
}

fn current() -> Option<VaultId> {
    Vault::current().map(|vault| vault.id())
}

fn is_no_vault<T>(result: &QueryResult<T>) -> bool {
    matches!(result.encryption_error(), Some(ValueError::NoVault { field }) if field.to_string() == "patients.email")
}

fn is_unknown_key<T>(result: &QueryResult<T>) -> bool {
    matches!(result.encryption_error(), Some(ValueError::UnknownKey { .. }))
}

macro_rules! scopes {
    ($backend:ident: $connection:ty, $database:path) => {
        mod $backend {
            use super::*;

            /// One row with this id, sealed within the vault in use.
            async fn insert(connection: &mut $connection, id: i32, email: &str) {
                diesel::insert_into(patients::table).values(patient(id, email)).execute(connection).await.unwrap();
            }

            #[test]
            fn tasks_of_many_tenants_share_threads_and_connections_and_nothing_else() {
                const TENANTS: usize = 5;
                const TASKS: usize = 24;
                const ROUNDS: usize = 8;

                let database = $database();
                let vaults = tenants(TENANTS);
                let threads = Arc::new(Mutex::new(HashSet::new()));
                runtime().block_on(async {
                    let manager = database::manager::<$connection>(&database);
                    let pool = Pool::builder(manager).max_size(4).build().unwrap();
                    let mut tasks = Vec::new();
                    for task in 0..TASKS {
                        // One in six has no vault: it would see one that leaked.
                        let vault = vaults.get(task % (TENANTS + 1)).cloned();
                        let (pool, threads, expected) = (pool.clone(), threads.clone(), vault.as_ref().map(Vault::id));
                        let work = move || async move {
                            for round in 0..ROUNDS {
                                let id = i32::try_from(task * ROUNDS + round).unwrap();
                                let mut connection = pool.get().await.unwrap();
                                threads.lock().unwrap().insert(thread::current().id());
                                assert_eq!(current(), expected);
                                let mut row = patient(id, "Shared@example.org");
                                row.name = format!("task {task}");
                                let inserted =
                                    diesel::insert_into(patients::table).values(&row).execute(&mut connection).await;
                                drop(connection);
                                yield_now().await;
                                assert_eq!(current(), expected);
                                if expected.is_none() {
                                    assert!(is_no_vault(&inserted), "{inserted:?}");
                                    let mut connection = pool.get().await.unwrap();
                                    let loaded =
                                        patients::table.select(patients::email).load::<Email>(&mut connection).await;
                                    assert!(
                                        is_no_vault(&loaded) || loaded.is_ok_and(|none| none.is_empty()),
                                        "opened without a vault"
                                    );
                                    continue;
                                }
                                inserted.unwrap();
                                // Another connection, and whatever rows of other tenants there are.
                                let mut connection = pool.get().await.unwrap();
                                let found: Vec<Patient> = patients::table
                                    .filter(patients::email.blind_eq("shared@EXAMPLE.org"))
                                    .filter(patients::name.eq(format!("task {task}")))
                                    .order(patients::id.desc())
                                    .select(Patient::as_select())
                                    .load(&mut connection)
                                    .await
                                    .unwrap();
                                assert_eq!((found.len(), found[0].id), (round + 1, id));
                                assert!(found.iter().all(|row| row.email.expose() == "Shared@example.org"));
                                threads.lock().unwrap().insert(thread::current().id());
                            }
                        };
                        tasks.push(match vault {
                            Some(vault) => tokio::spawn(vault.attach(work)),
                            None => tokio::spawn(work()),
                        });
                    }
                    for task in tasks {
                        task.await.unwrap();
                    }

                    // Every row opens for its tenant, and for no other.
                    let mut connection = pool.get().await.unwrap();
                    let rows: Vec<(String, SealedEmail)> =
                        patients::table.select((patients::name, patients::email)).load(&mut connection).await.unwrap();
                    assert_eq!(rows.len(), TASKS / (TENANTS + 1) * TENANTS * ROUNDS);
                    for (name, email) in rows {
                        let task: usize = name.strip_prefix("task ").unwrap().parse().unwrap();
                        for (tenant, vault) in vaults.iter().enumerate() {
                            let opened = vault.enter(|| email.open());
                            match tenant == task % (TENANTS + 1) {
                                true => assert_eq!(opened.unwrap(), "Shared@example.org"),
                                false => assert!(matches!(opened, Err(ValueError::UnknownKey { .. })), "{opened:?}"),
                            }
                        }
                    }
                });
                assert!(threads.lock().unwrap().len() > 1, "one thread did all the work, and nothing was shown");
            }

            #[test]
            fn without_a_vault_nothing_is_written_and_nothing_opened() {
                let database = $database();
                let [vault] = &tenants(1)[..] else { panic!() };
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    vault.attach(async || insert(&mut connection, 1, "ada@x").await).await;
                    let row = patient(2, "bea@x");
                    let inserted = diesel::insert_into(patients::table).values(&row).execute(&mut connection).await;
                    assert!(is_no_vault(&inserted), "{inserted:?}");
                    let loaded = patients::table.select(patients::email).first::<Email>(&mut connection).await;
                    assert!(is_no_vault(&loaded), "{loaded:?}");
                    let found = patients::table
                        .filter(patients::email.blind_eq("ada@x"))
                        .count()
                        .get_result::<i64>(&mut connection)
                        .await;
                    assert!(is_no_vault(&found), "{found:?}");
                    let count = patients::table.count().get_result::<i64>(&mut connection).await;
                    assert_eq!(count, Ok(1));
                });
            }

            #[test]
            fn a_statement_is_sealed_where_it_is_made_into_a_future_and_rows_are_opened_where_that_is_polled() {
                let database = $database();
                let [one, two] = &tenants(2)[..] else { panic!() };
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    let row = patient(1, "ada@x");
                    let insert = diesel::insert_into(patients::table).values(&row);
                    one.attach(|| insert.execute(&mut connection)).await.unwrap();

                    let select = patients::table.select(patients::email);
                    let opened = one.attach(|| select.first::<Email>(&mut connection)).await;
                    assert_eq!(opened.unwrap().expose(), "ada@x");
                    // Made within the scope, and polled outside of it.
                    let outside = one.enter(|| select.first::<Email>(&mut connection)).await;
                    assert!(is_no_vault(&outside), "{outside:?}");
                    let other = two.attach(|| one.enter(|| select.first::<Email>(&mut connection))).await;
                    assert!(is_unknown_key(&other), "{other:?}");
                });
            }

            #[test]
            fn a_transaction_has_the_vault_of_its_future() {
                let database = $database();
                let [one, two] = &tenants(2)[..] else { panic!() };
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    let committed = one.attach(async || {
                        connection
                            .transaction(async |connection| {
                                insert(connection, 1, "ada@x").await;
                                yield_now().await;
                                let nested = connection.transaction::<(), _, _>(async |connection| {
                                    insert(connection, 2, "bea@x").await;
                                    yield_now().await;
                                    Err(diesel::result::Error::RollbackTransaction)
                                });
                                assert_eq!(nested.await, Err(diesel::result::Error::RollbackTransaction));
                                diesel::update(patients::table.find(1))
                                    .set(patients::email.eq(patients::email.seal("cleo@x")))
                                    .execute(connection)
                                    .await
                            })
                            .await
                    });
                    assert_eq!(committed.await, Ok(1));
                    let all = patients::table.select((patients::id, patients::email)).order(patients::id);
                    let rows = one.attach(|| all.load::<(i32, Email)>(&mut connection)).await.unwrap();
                    let rows: Vec<_> = rows.iter().map(|(id, email)| (*id, email.expose().as_str())).collect();
                    assert_eq!(rows, [(1, "cleo@x")]);

                    // What does not open within a transaction rolls it back, and the connection is as good as before.
                    let refused = two.attach(async || {
                        connection
                            .transaction(async |connection| {
                                insert(connection, 3, "dora@x").await;
                                all.load::<(i32, Email)>(connection).await
                            })
                            .await
                    });
                    let refused = refused.await;
                    assert!(is_unknown_key(&refused), "{refused:?}");
                    let left = patients::table.count().get_result::<i64>(&mut connection).await;
                    assert_eq!(left, Ok(1));
                });
            }

            #[test]
            fn rows_of_a_stream_are_opened_by_the_vault_in_use_when_it_is_polled() {
                let database = $database();
                let [one, two] = &tenants(2)[..] else { panic!() };
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    let emails: Vec<String> = (1..=20).map(|id| format!("{id}@example.org")).collect();
                    one.attach(async || {
                        for (id, email) in (1..).zip(&emails) {
                            insert(&mut connection, id, email).await;
                        }
                    })
                    .await;
                    let all = patients::table.select(patients::email).order(patients::id);

                    // Within the scope.
                    let within = one.attach(async || {
                        let stream = all.load_stream::<Email>(&mut connection).await.unwrap();
                        stream.map_ok(Email::into_inner).try_collect::<Vec<_>>().await
                    });
                    assert_eq!(within.await.unwrap(), emails);

                    // It outlives the scope: an error for each row, whether there is no vault or another.
                    let stream = one.attach(|| all.load_stream::<Email>(&mut connection)).await.unwrap();
                    let outlived: Vec<_> = stream.collect().await;
                    assert_eq!(outlived.len(), emails.len());
                    assert!(outlived.iter().all(is_no_vault), "{outlived:?}");
                    let stream = one.attach(|| all.load_stream::<Email>(&mut connection)).await.unwrap();
                    let elsewhere: Vec<_> = two.attach(|| stream.collect()).await;
                    assert_eq!(elsewhere.len(), emails.len());
                    assert!(elsewhere.iter().all(is_unknown_key), "{elsewhere:?}");

                    // It takes its vault along.
                    let stream = one.attach(|| all.load_stream::<Email>(&mut connection)).await.unwrap();
                    let attached = two.attach(|| one.attach(|| stream).map_ok(Email::into_inner).try_collect());
                    assert_eq!(attached.await, Ok(emails.clone()));

                    // It opens nothing.
                    let stream = all.load_stream::<SealedEmail>(&mut connection).await.unwrap();
                    let sealed: Vec<SealedEmail> = stream.try_collect().await.unwrap();
                    let opened: Vec<_> = sealed.iter().map(|email| one.enter(|| email.open()).unwrap()).collect();
                    assert_eq!(opened, emails);
                });
            }

            #[test]
            fn what_a_task_spawns_has_no_vault() {
                let database = $database();
                let [vault] = &tenants(1)[..] else { panic!() };
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    vault.attach(async || insert(&mut connection, 1, "ada@x").await).await;
                    let spawned = vault.attach(async || {
                        let select = async move {
                            let select = patients::table.select(patients::email);
                            (select.first::<Email>(&mut connection).await, connection)
                        };
                        tokio::spawn(select).await.unwrap()
                    });
                    let (loaded, mut connection) = spawned.await;
                    assert!(is_no_vault(&loaded), "{loaded:?}");
                    let again = vault.attach(async move || {
                        patients::table.select(patients::email).first::<Email>(&mut connection).await
                    });
                    assert_eq!(tokio::spawn(again).await.unwrap().unwrap().expose(), "ada@x");
                });
            }
        }
    };
}

scopes!(sqlite: SyncConnectionWrapper<SqliteConnection>, database::sqlite);
#[cfg(feature = "postgres")]
scopes!(postgres: diesel_async::AsyncPgConnection, database::postgres);
#[cfg(feature = "mysql")]
scopes!(mysql: diesel_async::AsyncMysqlConnection, database::mysql);

/// A closure for the connection within the wrapper runs on a thread for blocking work.
#[test]
fn a_blocking_closure_has_the_vault_that_it_enters() {
    let database = database::sqlite();
    let [vault] = &tenants(1)[..] else { panic!() };
    runtime().block_on(async {
        let mut connection: SyncConnectionWrapper<SqliteConnection> = database.connect().await;
        let insert = |connection: &mut SqliteConnection| {
            let row = patient(1, "ada@x");
            diesel::RunQueryDsl::execute(diesel::insert_into(patients::table).values(&row), connection)
        };
        let outside = vault.attach(|| connection.spawn_blocking(insert)).await;
        assert!(is_no_vault(&outside), "{outside:?}");
        let entered = vault.clone();
        let within = connection.spawn_blocking(move |connection| entered.enter(|| insert(connection)));
        assert_eq!(within.await, Ok(1));
    });
}

/// Several statements on their way over one connection.
#[cfg(feature = "postgres")]
#[test]
fn statements_of_a_pipeline_are_of_several_tenants() {
    use futures_util::future::{join_all, try_join_all};

    let database = database::postgres();
    let vaults = tenants(4);
    runtime().block_on(async {
        let connection: diesel_async::AsyncPgConnection = database.connect().await;
        // Their futures are polled in turns by one task.
        for round in 0..10 {
            let inserts = vaults.iter().zip(round * 4..).map(|(vault, id)| {
                vault.attach(|| {
                    let row = patient(id, "shared@example.org");
                    diesel::insert_into(patients::table).values(row).execute(&mut &connection)
                })
            });
            assert_eq!(try_join_all(inserts).await, Ok(vec![1; 4]));
        }
        let selects = vaults.iter().map(|vault| {
            vault.attach(|| {
                let found = patients::table.filter(patients::email.blind_eq("SHARED@example.org"));
                let found = found.select((patients::id, patients::email)).order(patients::id);
                found.load::<(i32, Email)>(&mut &connection)
            })
        });
        for (tenant, found) in (0..).zip(try_join_all(selects).await.unwrap()) {
            let ids: Vec<i32> = found.iter().map(|(id, _)| *id).collect();
            assert_eq!(ids, (0..10).map(|round| round * 4 + tenant).collect::<Vec<i32>>());
        }
        let all = vaults
            .iter()
            .map(|vault| vault.attach(|| patients::table.select(patients::email).load::<Email>(&mut &connection)));
        assert!(join_all(all).await.iter().all(is_unknown_key), "each meets rows of others");
    });
}
