//! An application with accounts, and its database.

use std::sync::Barrier;

use diesel::prelude::*;
use diesel_encrypted::accounts::{self, Account, Accounts, AccountsConnection, schema};
use diesel_encrypted::keys::Secret;
use diesel_encrypted::users::UserId;
use diesel_encrypted::{LocalRootKey, MemoryKeyStore, RootKeyId, RootKeys, Vault};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::scratch::Scratch;

/// A database with the tables of accounts, and nothing else.
pub fn database<C: Backend>() -> Scratch<C> {
    let mut connection = C::fresh();
    connection.batch_execute(&accounts::tables().up(C::DIALECT)).unwrap();
    connection
}

/// Accounts that a vault's key vouches for.
pub fn accounts() -> Accounts {
    Accounts::new(&vault(&MemoryKeyStore::new())).unwrap()
}

pub fn root_keys() -> RootKeys {
    RootKeys::new(LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[1; 32]).unwrap()))
}

pub fn vault(store: &MemoryKeyStore) -> Vault {
    Vault::builder(root_keys()).users().open_with(&mut store.clone()).unwrap()
}

pub fn user(id: i64) -> UserId {
    UserId::of(&id).unwrap()
}

/// Makes an account, and throws its codes away.
pub fn sign_up<C: AccountsConnection>(accounts: &Accounts, connection: &mut C, id: i64, password: &str) -> Account {
    accounts.create(connection, &user(id), password).unwrap().account
}

/// Does `work` with each of `arguments` over a connection of its own, all at once.
pub fn at_once<C: Backend, A: Copy + Send, T: Send, const N: usize>(
    scratch: &Scratch<C>,
    arguments: [A; N],
    work: impl Fn(&mut C, A) -> T + Sync,
) -> Vec<(A, T)> {
    let barrier = &Barrier::new(N);
    let work = &work;
    std::thread::scope(|scope| {
        let threads = arguments.map(|argument| {
            let url = scratch.url();
            scope.spawn(move || {
                let connection = &mut C::establish(url).unwrap();
                barrier.wait();
                (argument, work(connection, argument))
            })
        });
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Every row of every table, and what each has.
pub trait Rows: Backend {
    fn rows(&mut self) -> Vec<String>;

    /// How many rows there are.
    fn count(&mut self) -> usize {
        self.rows().len()
    }
}

macro_rules! rows {
    ($connection:ty) => {
        impl Rows for $connection {
            fn rows(&mut self) -> Vec<String> {
                let mut rows = Vec::new();
                rows!(self, rows, encryption_users: (Vec<u8>, Vec<u8>, i64, i64, i64, Vec<u8>, Option<Vec<u8>>, Vec<u8>, Option<i64>));
                rows!(self, rows, encryption_locks: (Vec<u8>, Vec<u8>, Vec<u8>, i64, Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>));
                rows!(self, rows, encryption_key_pairs: (Vec<u8>, Vec<u8>, i64, Vec<u8>, Vec<u8>, Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>));
                rows!(self, rows, encryption_identity_changes: (Vec<u8>, Vec<u8>, i64, Vec<u8>));
                rows!(self, rows, encryption_pins: (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>));
                rows!(self, rows, encryption_groups: (Vec<u8>, Vec<u8>, i64, i64, i64, Vec<u8>, Vec<u8>, i64));
                rows!(self, rows, encryption_group_keys: (Vec<u8>, Vec<u8>, i64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>));
                rows!(self, rows, encryption_earlier_keys: (Vec<u8>, i64, Vec<u8>, i64, i64, Vec<u8>, i64, Vec<u8>));
                rows!(self, rows, encryption_sessions: (Vec<u8>, Vec<u8>, Vec<u8>, i64, Vec<u8>));
                rows.sort_unstable();
                rows
            }
        }
    };
    ($connection:ident, $rows:ident, $table:ident: $columns:ty) => {
        for row in schema::$table::table.load::<$columns>($connection).unwrap() {
            $rows.push(format!("{} {row:?}", stringify!($table)));
        }
    };
}

rows!(SqliteConnection);
#[cfg(feature = "postgres")]
rows!(PgConnection);
#[cfg(feature = "mysql")]
rows!(MysqlConnection);
