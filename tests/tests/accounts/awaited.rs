//! The same over diesel-async, and what a runtime is spared.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use diesel::prelude::*;
use diesel_encrypted::accounts::{AccountError, AsyncAccountsConnection};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::scratch::Scratch;
use tokio::runtime::Builder;

use crate::world::{Rows, accounts, database, user};

async fn live<C: AsyncAccountsConnection>(url: &str) {
    let (accounts, connection) = (accounts(), &mut C::establish(url).await.unwrap());
    let created = accounts.create_async(connection, &user(1), "a password").await.unwrap();
    let account = accounts.unlock_async(connection, &user(1), "a password").await.unwrap();
    assert_eq!(account.key().check_value(), created.account.key().check_value());
    assert!(matches!(accounts.unlock_async(connection, &user(1), "another").await, Err(AccountError::Wrong)));
    assert!(matches!(accounts.create_async(connection, &user(1), "another").await, Err(AccountError::Exists)));

    let token = accounts.begin_session_async(connection, &account, Duration::from_secs(60)).await.unwrap();
    accounts.resume_session_async(connection, &token).await.unwrap();
    accounts.change_password_async(connection, &user(1), "a password", "changed").await.unwrap();
    assert!(accounts.resume_session_async(connection, &token).await.is_err());
    let answers = ["the green bicycle of my aunt", "a house by the river Elbe"];
    accounts.set_questions_async(connection, &account, 2, &answers).await.unwrap();
    let answers = [(1, answers[0]), (2, answers[1])];
    let recovered = accounts.recover_by_questions_async(connection, &user(1), &answers, "a password").await.unwrap();
    let recovered = accounts.recover_async(connection, &user(1), &recovered.codes[0], "a password").await.unwrap();
    let rotated = accounts.rotate_key_async(connection, &recovered.account, "a password").await.unwrap();
    assert_eq!(rotated.account.earlier().len(), 3);
    accounts.create_async(connection, &user(3), "a password").await.map(drop).unwrap();
    assert_eq!(accounts.erase_async(connection, &user(3)).await.unwrap().locks, 11);

    let undone = connection
        .transaction(async |connection| {
            accounts.create_async(connection, &user(2), "a password").await.map(drop)?;
            Err::<(), AccountError>(diesel::result::Error::RollbackTransaction.into())
        })
        .await;
    assert!(matches!(undone, Err(AccountError::Database(_))));
    assert!(matches!(accounts.unlock_async(connection, &user(2), "a password").await, Err(AccountError::Wrong)));
}

/// Runs on one thread, which counts while it is not blocked.
fn lives<C: AsyncAccountsConnection, D: Rows + Backend>() {
    let mut scratch: Scratch<D> = database();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let turns = AtomicUsize::new(0);
    runtime.block_on(async {
        let counts = async {
            loop {
                turns.fetch_add(1, Relaxed);
                tokio::task::yield_now().await;
            }
        };
        futures_util::future::select(Box::pin(counts), Box::pin(live::<C>(scratch.url()))).await;
    });
    assert!(turns.load(Relaxed) > 1000, "{turns:?}");
    assert_eq!(scratch.count(), 13 + 3 + 2);
}

#[test]
fn on_sqlite() {
    lives::<diesel_async::sync_connection_wrapper::SyncConnectionWrapper<SqliteConnection>, SqliteConnection>();
}

#[cfg(feature = "postgres")]
#[test]
fn on_postgres() {
    lives::<diesel_async::AsyncPgConnection, PgConnection>();
}

#[cfg(feature = "mysql")]
#[test]
fn on_mysql() {
    lives::<diesel_async::AsyncMysqlConnection, MysqlConnection>();
}
