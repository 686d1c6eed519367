//! What holds for any value, tried through Diesel on SQLite: it comes back, it is found exactly when it equals what is
//! searched for, and a padded one shows no more of its length than its bucket.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod length;
mod round_trip;
mod search;

use std::cell::RefCell;

use diesel::prelude::*;
use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{EncryptedModel, LocalRootKey, RootKeyId};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};

/// A table of these columns, and a key.
fn create(conn: &mut SqliteConnection, table: &str, columns: &str) {
    diesel::sql_query(format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, {columns})")).execute(conn).unwrap();
}

/// Runs `property` for this many values over one database of the model `M`, whose table is emptied each time.
fn holds<M: EncryptedModel, S: Strategy>(
    table: &str,
    columns: &str,
    cases: u32,
    strategy: S,
    property: impl Fn(&mut SqliteConnection, S::Value) -> TestCaseResult,
) {
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    create(&mut conn, table, columns);
    let root = LocalRootKey::new(RootKeyId::new("properties").unwrap(), Secret::generate().unwrap());
    let vault = Vault::builder(RootKeys::new(root)).model::<M>().open(&mut conn).unwrap();
    let conn = RefCell::new(conn);
    let mut runner = TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
    let result = runner.run(&strategy, |value| {
        let conn = &mut *conn.borrow_mut();
        diesel::sql_query(format!("DELETE FROM {table}")).execute(conn).unwrap();
        vault.enter(|| property(conn, value))
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
