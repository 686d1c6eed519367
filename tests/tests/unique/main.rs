//! Unique indexes on tags: an equal value is refused, left out or takes the place of the other, and what holds while an index
//! has two generations.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test that cannot go on fails"
)]

mod generations;
mod refused;
mod upserts;

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql;
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{self, Patient, patient};
use diesel_encrypted_tests::scratch::Scratch;

/// The tables, with unique indexes on all tags of patients but those of cities.
fn database<C: Backend>() -> Scratch<C> {
    let mut conn = C::fresh();
    let (bytes, text) = clinic::types(C::DIALECT);
    let unique = sql::of::<Patient>(C::DIALECT).unique("email", "default").unique("email", "host");
    let unique = unique.unique("phone", "default").unique("note", "default");
    for statement in clinic::create_tables(bytes, text).into_iter().chain(unique.indexes().unwrap()) {
        conn.batch_execute(&statement).unwrap();
    }
    conn
}

/// A patient who shares no value with another.
fn person(id: i32, email: &str) -> Patient {
    Patient { phone: None, ..patient(id, email) }
}

fn with_phone(id: i32, phone: &str) -> Patient {
    Patient { phone: Some(Encrypted::new(phone.to_owned())), ..patient(id, &format!("{id}@{id}")) }
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(written: QueryResult<T>) {
    let refused = matches!(written, Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)));
    assert!(refused, "{written:?}");
}
