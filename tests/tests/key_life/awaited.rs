//! The same tasks over diesel-async.

use diesel::prelude::*;
use diesel_async::AsyncConnection;
use diesel_encrypted::key_life::{ActivateKeys, CreateKeys, DestroyKey, KeySelection, ListKeys, Processes, Rewrap};
use diesel_encrypted::keys::KeyState;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{KeyManager, ManageKeysAsync, OpenVaultAsync, RefreshVaultAsync};
use diesel_encrypted_tests::clinic::patients;
use tokio::runtime::Builder;

use crate::{database, email, manager, models, new, old, only, root};

type Email = Sealed<String, patients::email>;

/// A rotation and another root key, over one connection.
async fn rotate<C>(url: &str)
where
    C: AsyncConnection + diesel_encrypted::asynchronous::AsyncKeyStoreConnection,
{
    let connection = &mut C::establish(url).await.unwrap();
    let before = models(old()).lease(std::time::Duration::from_secs(60)).open_async(connection).await.unwrap();
    let sealed = before.enter(|| Email::seal("ada@example.org")).unwrap();
    manager().run_async(&CreateKeys::new(KeySelection::All), connection).await.unwrap();
    let activate = ActivateKeys::new(KeySelection::All, Processes::Restarted);
    manager().run_async(&activate, connection).await.unwrap();
    let elsewhere = models(old()).open_async(connection).await.unwrap();
    let new_key = elsewhere.enter(|| Email::seal("bob@example.org")).unwrap();
    before.enter(|| new_key.open()).unwrap_err();
    before.refresh_async(connection).await.unwrap();
    assert_eq!(before.enter(|| new_key.open()).unwrap(), "bob@example.org");
    let unwanted = manager().run_async(&CreateKeys::new(email()), connection).await.unwrap()[0].key_id;
    manager().run_async(&DestroyKey::new(unwanted, Processes::Refresh), connection).await.unwrap();
    let keys = manager().run_async(&ListKeys, connection).await.unwrap();
    let of_email = keys.into_iter().filter(|key| key.name == "patients.email").collect();
    assert_eq!(only(of_email, KeyState::Active).version, 2);

    let both = KeyManager::new(new().with(root("old", 1)).unwrap());
    assert!(both.run_async(&Rewrap, connection).await.unwrap().keys > 10);
    let vault = models(new()).existing_keys_only().open_async(connection).await.unwrap();
    assert_eq!(vault.enter(|| sealed.open()).unwrap(), "ada@example.org");
}

#[test]
fn on_sqlite() {
    let scratch = database::<SqliteConnection>();
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    let rotated =
        rotate::<diesel_async::sync_connection_wrapper::SyncConnectionWrapper<SqliteConnection>>(scratch.url());
    runtime.block_on(rotated);
}

#[cfg(feature = "postgres")]
#[test]
fn on_postgres() {
    let scratch = database::<PgConnection>();
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(rotate::<diesel_async::AsyncPgConnection>(scratch.url()));
}

#[cfg(feature = "mysql")]
#[test]
fn on_mysql() {
    let scratch = database::<MysqlConnection>();
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(rotate::<diesel_async::AsyncMysqlConnection>(scratch.url()));
}
