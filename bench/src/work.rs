//! What is done to the tables, alike on every database. Rows are numbered from 1.

use std::ops::RangeInclusive;

use diesel::{connection::SimpleConnection, prelude::*};
use diesel_encrypted::{
    prelude::*,
    sql::{self, Dialect},
};

use crate::{
    clinic::{Patient, PlainPatient, patients, plain_patients},
    floor::{self, NewRawPatient, RawPatient, raw_patients},
    measure::Failure,
};

/// Rows of one INSERT.
pub(crate) const BATCH: usize = 1_000;

/// One kind of table.
pub(crate) trait Table<C> {
    /// Makes it, with its index.
    fn create(connection: &mut C) -> Result<(), Failure>;

    /// Inserts these rows by one statement, and gives the nanoseconds that sealing and the statement took.
    fn insert(connection: &mut C, ids: RangeInclusive<i32>) -> Result<f64, Failure>;

    /// Loads these rows, and gives how many there were.
    fn load(connection: &mut C, ids: RangeInclusive<i32>) -> Result<usize, Failure>;

    /// Finds the name of who has this address.
    fn find(connection: &mut C, email: &str) -> Result<String, Failure>;

    /// Fills it with rows up to `last`.
    fn fill(connection: &mut C, last: i32) -> Result<(), Failure> {
        batches(last).try_for_each(|ids| Self::insert(connection, ids).map(drop))
    }
}

/// The rows up to `last`, in batches.
pub(crate) fn batches(last: i32) -> impl Iterator<Item = RangeInclusive<i32>> {
    (1..=last).step_by(BATCH).map(move |first| first..=last.min(first + BATCH as i32 - 1))
}

/// Encrypted by us.
pub(crate) struct Encrypted;
/// In the clear, with the same columns and the same index.
pub(crate) struct Plain;
/// Encrypted by the raw cipher, with an HMAC of the address beside it.
pub(crate) struct RawTable;

macro_rules! tables {
    ($connection:ty, $dialect:ident, $binary:literal, $text:literal) => {
        impl Table<$connection> for Encrypted {
            fn create(connection: &mut $connection) -> Result<(), Failure> {
                connection.batch_execute(&format!(
                    "CREATE TABLE patients (id INTEGER PRIMARY KEY, name {} NOT NULL, email {binary} NOT NULL, \
                     phone {binary} NOT NULL)",
                    $text,
                    binary = $binary
                ))?;
                for index in sql::of::<Patient>(Dialect::$dialect).indexes()? {
                    connection.batch_execute(&index)?;
                }
                Ok(())
            }

            fn insert(connection: &mut $connection, ids: RangeInclusive<i32>) -> Result<f64, Failure> {
                let rows: Vec<_> = ids.map(Patient::number).collect();
                crate::measure::time(|| diesel::insert_into(patients::table).values(&rows).execute(connection))
            }

            fn load(connection: &mut $connection, ids: RangeInclusive<i32>) -> Result<usize, Failure> {
                let range = patients::id.between(*ids.start(), *ids.end());
                let rows = patients::table.filter(range).select(Patient::as_select());
                Ok(std::hint::black_box(rows.load(connection)?).len())
            }

            fn find(connection: &mut $connection, email: &str) -> Result<String, Failure> {
                let found = patients::table.filter(patients::email.blind_eq(email));
                Ok(found.select(patients::name).get_result(connection)?)
            }
        }

        impl Table<$connection> for Plain {
            fn create(connection: &mut $connection) -> Result<(), Failure> {
                Ok(connection.batch_execute(&format!(
                    "CREATE TABLE plain_patients (id INTEGER PRIMARY KEY, name {text} NOT NULL, email {text} NOT NULL, \
                     phone {text} NOT NULL);
                     CREATE INDEX plain_patients_email ON plain_patients (email)",
                    text = $text
                ))?)
            }

            fn insert(connection: &mut $connection, ids: RangeInclusive<i32>) -> Result<f64, Failure> {
                let rows: Vec<_> = ids.map(PlainPatient::number).collect();
                crate::measure::time(|| diesel::insert_into(plain_patients::table).values(&rows).execute(connection))
            }

            fn load(connection: &mut $connection, ids: RangeInclusive<i32>) -> Result<usize, Failure> {
                let range = plain_patients::id.between(*ids.start(), *ids.end());
                let rows = plain_patients::table.filter(range).select(PlainPatient::as_select());
                Ok(std::hint::black_box(rows.load(connection)?).len())
            }

            fn find(connection: &mut $connection, email: &str) -> Result<String, Failure> {
                let found = plain_patients::table.filter(plain_patients::email.eq(email));
                Ok(found.select(plain_patients::name).get_result(connection)?)
            }
        }

        impl Table<$connection> for RawTable {
            fn create(connection: &mut $connection) -> Result<(), Failure> {
                Ok(connection.batch_execute(&format!(
                    "CREATE TABLE raw_patients (id INTEGER PRIMARY KEY, name {} NOT NULL, email {binary} NOT NULL, \
                     phone {binary} NOT NULL, tag {binary} NOT NULL);
                     CREATE INDEX raw_patients_tag ON raw_patients (tag)",
                    $text,
                    binary = $binary
                ))?)
            }

            fn insert(connection: &mut $connection, ids: RangeInclusive<i32>) -> Result<f64, Failure> {
                let rows: Vec<_> = ids.map(PlainPatient::number).collect();
                crate::measure::time(|| {
                    let rows = rows.into_iter().map(NewRawPatient::seal).collect::<Result<Vec<_>, _>>()?;
                    Ok::<_, Failure>(diesel::insert_into(raw_patients::table).values(&rows).execute(connection)?)
                })
            }

            fn load(connection: &mut $connection, ids: RangeInclusive<i32>) -> Result<usize, Failure> {
                let range = raw_patients::id.between(*ids.start(), *ids.end());
                let rows = raw_patients::table.filter(range).select(RawPatient::as_select());
                Ok(std::hint::black_box(rows.load(connection)?).len())
            }

            fn find(connection: &mut $connection, email: &str) -> Result<String, Failure> {
                let tag = floor::tag(email);
                let found = raw_patients::table.filter(raw_patients::tag.eq(tag.as_slice()));
                Ok(found.select(raw_patients::name).get_result(connection)?)
            }
        }
    };
}

tables!(SqliteConnection, Sqlite, "BLOB", "TEXT");
#[cfg(feature = "servers")]
tables!(PgConnection, Postgres, "bytea", "text");
#[cfg(feature = "servers")]
tables!(MysqlConnection, Mysql, "varbinary(200)", "varchar(100)");
