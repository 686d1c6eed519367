//! An installed vault beside those of tenants, over the connections of diesel-async. A test binary of its own: what is
//! installed here stays for every test of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::sync::LazyLock;

use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl, sync_connection_wrapper::SyncConnectionWrapper};
use diesel_encrypted::{EncryptionErrorExt, ValueError, prelude::*};
use diesel_encrypted_tests::clinic::{self, Patient, patient, patients};
use futures_util::StreamExt;

use crate::database::runtime;

#[path = "asynchronous/database.rs"]
#[allow(dead_code, missing_docs, unreachable_pub, reason = "shared with another suite")]
mod database;

type Email = Encrypted<String, patients::email>;

/// Installs a vault, once.
fn install() {
    static INSTALLED: LazyLock<()> = LazyLock::new(|| clinic::vault().install().unwrap());
    *INSTALLED;
}

fn is_unknown_key<T>(result: &QueryResult<T>) -> bool {
    matches!(result.encryption_error(), Some(ValueError::UnknownKey { .. }))
}

macro_rules! installed {
    ($backend:ident: $connection:ty, $database:path) => {
        mod $backend {
            use super::*;

            async fn insert(connection: &mut $connection, id: i32, email: &str) {
                diesel::insert_into(patients::table).values(patient(id, email)).execute(connection).await.unwrap();
            }

            #[test]
            fn the_installed_vault_is_used_by_every_task_without_being_entered() {
                install();
                let database = $database();
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    let task = tokio::spawn(async move {
                        connection
                            .transaction(async |connection| {
                                insert(connection, 1, "ada@x").await;
                                patients::table
                                    .filter(patients::email.blind_eq("ADA@x"))
                                    .select(Patient::as_select())
                                    .load(connection)
                                    .await
                            })
                            .await
                    });
                    assert_eq!(task.await.unwrap(), Ok(vec![patient(1, "ada@x")]));
                });
            }

            #[test]
            fn a_tenant_that_is_attached_takes_its_place() {
                install();
                let (database, tenant) = ($database(), clinic::vault());
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    tenant.attach(async || insert(&mut connection, 1, "ada@x").await).await;
                    let all = patients::table.select(patients::email);
                    let opened = tenant.attach(|| all.first::<Email>(&mut connection)).await;
                    assert_eq!(opened.unwrap().expose(), "ada@x");
                    let unopened = all.first::<Email>(&mut connection).await;
                    assert!(is_unknown_key(&unopened), "{unopened:?}");
                });
            }

            #[test]
            fn a_stream_that_outlives_its_scope_gives_errors_and_no_rows() {
                install();
                let (database, tenant) = ($database(), clinic::vault());
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    for id in 1..=3 {
                        tenant.attach(async || insert(&mut connection, id, "ada@x").await).await;
                    }
                    let all = patients::table.select(patients::email);
                    let stream = tenant.attach(|| all.load_stream::<Email>(&mut connection)).await.unwrap();
                    let outlived: Vec<_> = stream.collect().await;
                    assert_eq!(outlived.iter().filter(|row| is_unknown_key(row)).count(), 3);
                });
            }

            #[test]
            fn what_was_sealed_outside_of_a_scope_does_not_open_within() {
                install();
                let (database, tenant) = ($database(), clinic::vault());
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    let row = patient(1, "ada@x");
                    let made_outside = diesel::insert_into(patients::table).values(&row).execute(&mut connection);
                    tenant.attach(|| made_outside).await.unwrap();
                    let all = patients::table.select(patients::email);
                    let opened = tenant.attach(|| all.first::<Email>(&mut connection)).await;
                    assert!(is_unknown_key(&opened), "{opened:?}");
                });
            }
        }
    };
}

installed!(sqlite: SyncConnectionWrapper<SqliteConnection>, database::sqlite);
#[cfg(feature = "postgres")]
installed!(postgres: diesel_async::AsyncPgConnection, database::postgres);
#[cfg(feature = "mysql")]
installed!(mysql: diesel_async::AsyncMysqlConnection, database::mysql);

#[test]
fn a_blocking_closure_has_the_installed_vault() {
    install();
    let (database, tenant) = (database::sqlite(), clinic::vault());
    runtime().block_on(async {
        let mut connection: SyncConnectionWrapper<SqliteConnection> = database.connect().await;
        let insert = |connection: &mut SqliteConnection| {
            let row = patient(1, "ada@x");
            diesel::RunQueryDsl::execute(diesel::insert_into(patients::table).values(&row), connection)
        };
        // In spite of the scope around it, which stays on its own thread.
        tenant.attach(|| connection.spawn_blocking(insert)).await.unwrap();
        let all = patients::table.select(patients::email);
        let opened = all.first::<Email>(&mut connection).await;
        assert_eq!(opened.unwrap().expose(), "ada@x");
    });
}
