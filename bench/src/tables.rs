//! Whole tables in SQLite, encrypted and in the clear: what an application notices.

use diesel::{connection::SimpleConnection, prelude::*};
use diesel_encrypted::prelude::*;
use tempfile::TempDir;

use crate::{
    clinic::{self, Patient, PlainPatient, patients, plain_patients},
    measure::{Effort, Failure, Pair, rounds, time},
};

/// Rows of one INSERT.
const BATCH: usize = 1_000;
/// Lookups of one round.
const LOOKUPS: u32 = 10_000;

/// Inserts a table into a new file, in batches. Times the inserts alone.
pub(crate) fn insert(effort: Effort) -> Result<Pair, Failure> {
    let encrypted: Vec<_> = ids(effort).map(Patient::number).collect();
    let plain: Vec<_> = ids(effort).map(PlainPatient::number).collect();
    rounds(
        effort.long_rounds,
        || {
            let (_folder, mut connection) = file()?;
            clinic::create(&mut connection)?;
            time(|| fill(&mut connection, &encrypted))
        },
        || {
            let (_folder, mut connection) = file()?;
            clinic::create_plain(&mut connection)?;
            time(|| fill_plain(&mut connection, &plain))
        },
    )
}

/// Loads a whole table from memory, every value opened.
pub(crate) fn load(effort: Effort) -> Result<Pair, Failure> {
    let (mut encrypted, mut plain) = (memory()?, memory()?);
    both(effort, &mut encrypted, &mut plain)?;
    rounds(
        effort.long_rounds,
        || time(|| patients::table.select(Patient::as_select()).load(&mut encrypted)),
        || time(|| plain_patients::table.select(PlainPatient::as_select()).load(&mut plain)),
    )
}

/// Finds rows by their address, one query each, and reads a column in the clear: this is about finding. Not by `first`:
/// SQLite prepares a statement with `LIMIT ?` anew whenever the limit is bound, which takes as long as the rest.
/// The page cache holds either table: a table in the clear is smaller, and a cache that holds it and not the other would
/// be what is measured.
pub(crate) fn lookup(effort: Effort) -> Result<Pair, Failure> {
    let ((_folder, mut encrypted), (_plain_folder, mut plain)) = (file()?, file()?);
    both(effort, &mut encrypted, &mut plain)?;
    for connection in [&mut encrypted, &mut plain] {
        connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA cache_size = -65536")?;
    }
    let rows = effort.table as u32;
    let wanted: Vec<_> = (0..LOOKUPS).map(|n| clinic::email(1 + (clinic::mix(!n) % rows) as i32)).collect();
    rounds(
        effort.long_rounds,
        || {
            time(|| {
                wanted.iter().try_for_each(|email| {
                    let found = patients::table.filter(patients::email.blind_eq(email.as_str()));
                    found.select(patients::name).get_result::<String>(&mut encrypted).map(drop)
                })
            })
        },
        || {
            time(|| {
                wanted.iter().try_for_each(|email| {
                    let found = plain_patients::table.filter(plain_patients::email.eq(email.as_str()));
                    found.select(plain_patients::name).get_result::<String>(&mut plain).map(drop)
                })
            })
        },
    )
}

fn ids(effort: Effort) -> impl Iterator<Item = i32> {
    1..=effort.table as i32
}

/// Makes and fills the table, encrypted and in the clear.
fn both(effort: Effort, encrypted: &mut SqliteConnection, plain: &mut SqliteConnection) -> Result<(), Failure> {
    clinic::create(encrypted)?;
    fill(encrypted, &ids(effort).map(Patient::number).collect::<Vec<_>>())?;
    clinic::create_plain(plain)?;
    Ok(fill_plain(plain, &ids(effort).map(PlainPatient::number).collect::<Vec<_>>())?)
}

/// A database in a file, as an application has it. It goes with the folder.
fn file() -> Result<(TempDir, SqliteConnection), Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("clinic.sqlite");
    let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
    connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")?;
    Ok((folder, connection))
}

fn memory() -> Result<SqliteConnection, Failure> {
    Ok(SqliteConnection::establish(":memory:")?)
}

fn fill(connection: &mut SqliteConnection, rows: &[Patient]) -> QueryResult<()> {
    let mut batches = rows.chunks(BATCH);
    batches.try_for_each(|batch| diesel::insert_into(patients::table).values(batch).execute(connection).map(drop))
}

fn fill_plain(connection: &mut SqliteConnection, rows: &[PlainPatient]) -> QueryResult<()> {
    let mut batches = rows.chunks(BATCH);
    batches.try_for_each(|batch| diesel::insert_into(plain_patients::table).values(batch).execute(connection).map(drop))
}
