//! The strict SQL type: a column that holds sealed values and nothing else.

use std::fmt;
use std::marker::PhantomData;

use diesel::query_builder::QueryId;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
use diesel::sql_types::{Binary, HasSqlType};
use diesel::sql_types::{SingleValue, SqlType, is_nullable};
use diesel_encrypted_core::Storage;

use crate::column::StoredAs;

/// A binary column of sealed values of the column `C`, by choice in place of `Binary`:
///
/// ```
/// diesel::table! {
///     use diesel::sql_types::*;
///     use diesel_encrypted::sql_types::Ciphertext;
///
///     patients (id) {
///         id -> Integer,
///         email -> Ciphertext<email>,
///         phone -> Nullable<Ciphertext<phone>>,
///     }
/// }
/// ```
///
/// The compiler then also refuses what it cannot see on a `Binary` column: raw bytes, a value of another column, `LIKE`,
/// `<`, joins on the ciphertext, and loading into `Vec<u8>`. It says nothing to other programs that write to the database;
/// the guards of [`sql`](crate::sql) do. `diesel print-schema` writes `Binary`, so a schema that is
/// generated needs a `patch_file`.
pub struct Ciphertext<C>(PhantomData<fn() -> C>);

impl<C> fmt::Debug for Ciphertext<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ciphertext")
    }
}

impl<C: 'static> SqlType for Ciphertext<C> {
    type IsNull = is_nullable::NotNull;
}

impl<C: 'static> SingleValue for Ciphertext<C> {}

impl<C: 'static> QueryId for Ciphertext<C> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C: 'static> StoredAs for Ciphertext<C> {
    const STORAGE: Storage = Storage::Binary;
}

macro_rules! on_the_wire {
    ($feature:literal, $backend:ty) => {
        #[cfg(feature = $feature)]
        impl<C> HasSqlType<Ciphertext<C>> for $backend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                <Self as HasSqlType<Binary>>::metadata(lookup)
            }
        }
    };
}

on_the_wire!("sqlite", diesel::sqlite::Sqlite);
on_the_wire!("postgres", diesel::pg::Pg);
on_the_wire!("mysql", diesel::mysql::Mysql);
