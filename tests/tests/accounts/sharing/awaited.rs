//! The same over diesel-async, on whatever thread the runtime chooses.

use diesel::prelude::*;
use diesel_encrypted::accounts::{AccountError, AsyncAccountsConnection};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::scratch::Scratch;

use super::group;
use crate::world::{accounts, database, user};

fn on_any_thread<T: Send>(future: T) -> T {
    future
}

async fn live<C: AsyncAccountsConnection>(url: &str) {
    let (accounts, connection) = (accounts(), &mut C::establish(url).await.unwrap());
    let mut ada = accounts.create_async(connection, &user(1), "a password").await.unwrap().account;
    let mut bob = accounts.create_async(connection, &user(2), "a password").await.unwrap().account;
    let made = accounts.create_group_async(connection, &ada, &group("editors")).await.unwrap();
    accounts.add_async(connection, &ada, &made, bob.id()).await.unwrap();
    accounts.rotate_key_pair_async(connection, &mut bob).await.unwrap();
    accounts.change_identity_async(connection, &mut ada).await.unwrap();
    let opened = accounts.group_async(connection, &bob, &group("editors")).await.unwrap();
    assert_eq!(opened.key().check_value(), made.key().check_value());
    assert_eq!(accounts.members_async(connection, &made).await.unwrap().len(), 2);
    let made = accounts.renew_group_async(connection, &ada, made).await.unwrap();
    let opened = accounts.group_async(connection, &bob, &group("editors")).await.unwrap();
    assert_eq!((made.key().place().version(), opened.key().check_value()), (2, made.key().check_value()));
    let next = accounts.remove_async(connection, &ada, made, bob.id()).await.unwrap();
    let error = accounts.group_async(connection, &bob, &group("editors")).await.unwrap_err();
    assert!(matches!(error, AccountError::NotMember), "{error}");
    assert_eq!(accounts.leave_async(connection, &ada, next).await.unwrap(), 0);
    accounts.share_async(connection, &ada, &group("two"), bob.id()).await.unwrap();
    accounts.revoke_async(connection, &ada, &group("two"), bob.id()).await.map(drop).unwrap();
}

fn lives<D: Backend>(live: impl AsyncFn(&str)) {
    let scratch: Scratch<D> = database();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(live(scratch.url()));
}

#[test]
fn on_sqlite() {
    type Awaited = diesel_async::sync_connection_wrapper::SyncConnectionWrapper<SqliteConnection>;
    lives::<SqliteConnection>(async |url| on_any_thread(live::<Awaited>(url)).await);
}

#[cfg(feature = "postgres")]
#[test]
fn on_postgres() {
    lives::<PgConnection>(async |url| on_any_thread(live::<diesel_async::AsyncPgConnection>(url)).await);
}

#[cfg(feature = "mysql")]
#[test]
fn on_mysql() {
    lives::<MysqlConnection>(async |url| on_any_thread(live::<diesel_async::AsyncMysqlConnection>(url)).await);
}
