//! Opening a vault over the connections of diesel-async, directly and from pools.

use diesel::prelude::*;
use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, RunQueryDsl, sync_connection_wrapper::SyncConnectionWrapper,
};
use diesel_encrypted::{
    LocalRootKey, RootKeyId, StoreError, VaultBuilder, VaultError, key_tables, keys::Secret, prelude::*,
};
use diesel_encrypted_tests::clinic::{Chart, Patient, Visit, patients};
use diesel_migrations::MigrationHarness;

use crate::database::{self, runtime};

type Email = Sealed<String, patients::email>;

fn builder_with(root: u8) -> VaultBuilder {
    let root = LocalRootKey::new(RootKeyId::new("clinic").unwrap(), Secret::from_slice(&[root; 32]).unwrap());
    Vault::builder(RootKeys::new(root)).model::<Patient>().model::<Chart>().model::<Visit>()
}

fn builder() -> VaultBuilder {
    builder_with(1)
}

/// Seals under one vault and opens under another.
fn agree(one: &Vault, other: &Vault) {
    let sealed = one.enter(|| Email::seal("ada@example.org")).unwrap();
    assert_eq!(other.enter(|| sealed.open()).unwrap(), "ada@example.org");
}

macro_rules! vaults {
    ($backend:ident: $connection:ty, $sync:ty, $database:path) => {
        mod $backend {
            use super::*;

            async fn count_of_keys(connection: &mut $connection) -> i64 {
                diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT count(*) FROM encryption_keys")
                    .get_result(connection)
                    .await
                    .unwrap()
            }

            #[test]
            fn a_vault_is_opened_and_agrees_with_one_that_was_opened_without_awaiting() {
                let database = $database();
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    let first = builder().open_async(&mut connection).await.unwrap();
                    let count = count_of_keys(&mut connection).await;
                    let second = builder().open_async(&mut connection).await.unwrap();
                    agree(&first, &second);
                    let third = builder().open(&mut <$sync>::establish(database.url()).unwrap()).unwrap();
                    agree(&first, &third);
                    assert_eq!(count_of_keys(&mut connection).await, count);
                });
            }

            #[test]
            fn a_wrong_root_key_is_refused() {
                let database = $database();
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    builder().open_async(&mut connection).await.unwrap();
                    let error = builder_with(2).open_async(&mut connection).await.unwrap_err();
                    assert!(matches!(error, VaultError::WrongRootKey { .. }), "{error}");
                });
            }

            #[test]
            fn tasks_that_open_an_empty_database_at_once_agree_on_one_key() {
                let database = $database();
                runtime().block_on(async {
                    let tasks: Vec<_> = (0..8)
                        .map(|_| {
                            let url = database.url().to_owned();
                            tokio::spawn(async move {
                                let mut connection = <$connection>::establish(&url).await.unwrap();
                                builder().open_async(&mut connection).await.unwrap()
                            })
                        })
                        .collect();
                    let mut connection: $connection = database.connect().await;
                    let vault = builder().open_async(&mut connection).await.unwrap();
                    for task in tasks {
                        agree(&task.await.unwrap(), &vault);
                    }
                });
            }

            #[test]
            fn no_key_is_made_within_a_transaction() {
                let database = $database();
                runtime().block_on(async {
                    let mut harness = AsyncMigrationHarness::new(database.connect::<$connection>().await);
                    harness.run_pending_migrations(key_tables()).unwrap();
                    let mut connection = harness.into_inner();
                    let open = async |connection: &mut $connection| {
                        let opened = builder().open_async(connection).await;
                        Ok::<_, diesel::result::Error>(opened)
                    };
                    let opened = connection.transaction(open).await.unwrap();
                    assert!(matches!(opened, Err(VaultError::Store(StoreError::InTransaction))), "{opened:?}");
                    let first = builder().open_async(&mut connection).await.unwrap();
                    agree(&connection.transaction(open).await.unwrap().unwrap(), &first);
                });
            }

            #[test]
            fn the_key_tables_are_made_by_a_migration() {
                let database = $database();
                runtime().block_on(async {
                    let connection: $connection = database.connect().await;
                    let mut harness = AsyncMigrationHarness::new(connection);
                    harness.run_pending_migrations(key_tables()).unwrap();
                    let mut connection = harness.into_inner();
                    assert_eq!(count_of_keys(&mut connection).await, 0);
                    builder().open_async(&mut connection).await.unwrap();
                    assert!(count_of_keys(&mut connection).await > 0);
                });
            }

            #[test]
            fn a_column_that_is_not_there_is_named() {
                let database = $database();
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    diesel::sql_query("DROP TABLE visits").execute(&mut connection).await.unwrap();
                    let error = builder().open_async(&mut connection).await.unwrap_err();
                    assert!(
                        matches!(&error, VaultError::Store(StoreError::NoColumn { table, .. }) if table == "visits"),
                        "{error}"
                    );
                });
            }
        }
    };
}

vaults!(sqlite: SyncConnectionWrapper<SqliteConnection>, SqliteConnection, database::sqlite);
#[cfg(feature = "postgres")]
vaults!(postgres: diesel_async::AsyncPgConnection, PgConnection, database::postgres);
#[cfg(feature = "mysql")]
vaults!(mysql: diesel_async::AsyncMysqlConnection, MysqlConnection, database::mysql);
