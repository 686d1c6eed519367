//! What holds for any value, tried through Diesel on every database: it comes back, it is found exactly when it equals what is
//! searched for, and a padded one shows no more of its length than its bucket.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod length;
mod round_trip;
mod search;

use std::cell::RefCell;

use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{Dialect, EncryptedModel, KeyStoreConnection, LocalRootKey, RootKeyId};
use diesel_encrypted_tests::backend::Backend;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};

/// Runs `property` for this many values over one database of the model `M`, whose table is emptied each time. Its columns
/// call their types `{bytes}` and `{text}`.
fn holds<C: Backend + KeyStoreConnection, M: EncryptedModel, S: Strategy>(
    table: &str,
    columns: &str,
    cases: u32,
    strategy: S,
    property: impl Fn(&mut C, S::Value) -> TestCaseResult,
) {
    let quote = if C::DIALECT == Dialect::Mysql { '`' } else { '"' };
    let columns =
        columns.split(", ").map(|column| format!(", {quote}{}", column.replacen(' ', &format!("{quote} "), 1)));
    let columns: String = columns.collect();
    let mut conn = C::with_table::<M>(&format!("CREATE TABLE {table} (id integer PRIMARY KEY{columns})"));
    let root = LocalRootKey::new(RootKeyId::new("properties").unwrap(), Secret::generate().unwrap());
    let vault = Vault::builder(RootKeys::new(root)).model::<M>().open(&mut *conn).unwrap();
    // Never committed, so that no server writes it to its disk.
    conn.begin_test_transaction().unwrap();
    let conn = RefCell::new(conn);
    let mut runner = TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
    let result = runner.run(&strategy, |value| {
        let conn = &mut **conn.borrow_mut();
        conn.batch_execute(&format!("DELETE FROM {table}")).unwrap();
        vault.enter(|| property(conn, value))
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
