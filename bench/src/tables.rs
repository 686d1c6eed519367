//! Whole tables in SQLite, encrypted and in the clear: what an application notices.

use diesel::{connection::SimpleConnection, prelude::*};
use diesel_encrypted::prelude::*;

use crate::{
    clinic::{self, Patient, PlainPatient, patients, plain_patients},
    measure::{Effort, Failure, Pair, rounds, time},
};

/// Rows of one INSERT.
const BATCH: usize = 1_000;
/// Lookups of one round.
const LOOKUPS: i32 = 10_000;

/// Inserts a table into a new file (WAL), in batches. Times the inserts alone.
pub(crate) fn insert(effort: Effort) -> Result<Pair, Failure> {
    let encrypted: Vec<_> = ids(effort).map(Patient::number).collect();
    let plain: Vec<_> = ids(effort).map(PlainPatient::number).collect();
    rounds(
        effort.long_rounds,
        || {
            in_a_file(clinic::create, |connection| {
                encrypted.chunks(BATCH).try_for_each(|batch| {
                    diesel::insert_into(patients::table).values(batch).execute(connection).map(drop)
                })
            })
        },
        || {
            in_a_file(clinic::create_plain, |connection| {
                plain.chunks(BATCH).try_for_each(|batch| {
                    diesel::insert_into(plain_patients::table).values(batch).execute(connection).map(drop)
                })
            })
        },
    )
}

/// Loads a whole table from memory, every value opened.
pub(crate) fn load(effort: Effort) -> Result<Pair, Failure> {
    let (mut encrypted, mut plain) = (filled(effort)?, filled_plain(effort)?);
    rounds(
        effort.long_rounds,
        || time(|| patients::table.select(Patient::as_select()).load(&mut encrypted)),
        || time(|| plain_patients::table.select(PlainPatient::as_select()).load(&mut plain)),
    )
}

/// Finds rows by their address, one query each, and reads a column in the clear: this is about finding.
pub(crate) fn lookup(effort: Effort) -> Result<Pair, Failure> {
    let (mut encrypted, mut plain) = (filled(effort)?, filled_plain(effort)?);
    let rows = effort.table as i32;
    let wanted: Vec<_> = (0..LOOKUPS).map(|n| clinic::email(1 + n * 7 % rows)).collect();
    rounds(
        effort.long_rounds,
        || {
            time(|| {
                wanted.iter().try_for_each(|email| {
                    let found = patients::table.filter(patients::email.blind_eq(email.as_str()));
                    found.select(patients::name).first::<String>(&mut encrypted).map(drop)
                })
            })
        },
        || {
            time(|| {
                wanted.iter().try_for_each(|email| {
                    let found = plain_patients::table.filter(plain_patients::email.eq(email.as_str()));
                    found.select(plain_patients::name).first::<String>(&mut plain).map(drop)
                })
            })
        },
    )
}

fn ids(effort: Effort) -> impl Iterator<Item = i32> {
    1..=effort.table as i32
}

fn in_a_file(
    create: impl FnOnce(&mut SqliteConnection) -> Result<(), Failure>,
    insert: impl FnOnce(&mut SqliteConnection) -> QueryResult<()>,
) -> Result<f64, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("clinic.sqlite");
    let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
    connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")?;
    create(&mut connection)?;
    time(|| insert(&mut connection))
}

fn filled(effort: Effort) -> Result<SqliteConnection, Failure> {
    let mut connection = SqliteConnection::establish(":memory:")?;
    clinic::create(&mut connection)?;
    let rows: Vec<_> = ids(effort).map(Patient::number).collect();
    for batch in rows.chunks(BATCH) {
        diesel::insert_into(patients::table).values(batch).execute(&mut connection)?;
    }
    Ok(connection)
}

fn filled_plain(effort: Effort) -> Result<SqliteConnection, Failure> {
    let mut connection = SqliteConnection::establish(":memory:")?;
    clinic::create_plain(&mut connection)?;
    let rows: Vec<_> = ids(effort).map(PlainPatient::number).collect();
    for batch in rows.chunks(BATCH) {
        diesel::insert_into(plain_patients::table).values(batch).execute(&mut connection)?;
    }
    Ok(connection)
}
