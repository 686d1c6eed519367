//! Whole tables in SQLite, encrypted and in the clear: what an application notices.

use diesel::{connection::SimpleConnection, prelude::*};
use tempfile::TempDir;

use crate::{
    clinic,
    measure::{Compared, Effort, Failure, Timed, rounds, time},
    work::{Encrypted, Plain, RawTable, Table, batches},
};

/// Lookups of one round.
const LOOKUPS: u32 = 1_000;

/// Inserts a table into a new file, in batches. Times the inserts alone.
pub(crate) fn insert(effort: Effort) -> Result<Compared, Failure> {
    fn fill<T: Table<SqliteConnection>>(effort: Effort) -> Result<f64, Failure> {
        let (_folder, mut connection) = file()?;
        T::create(&mut connection)?;
        batches(effort.table as i32).map(|ids| T::insert(&mut connection, ids)).sum()
    }
    rounds(effort.long_rounds, [&mut || fill::<Encrypted>(effort), &mut || fill::<Plain>(effort)])
}

/// Loads a whole table from memory, every value opened.
pub(crate) fn load(effort: Effort) -> Result<Compared, Failure> {
    fn side<T: Table<SqliteConnection>>(effort: Effort) -> Result<impl FnMut() -> Result<f64, Failure>, Failure> {
        let last = effort.table as i32;
        let mut connection = SqliteConnection::establish(":memory:")?;
        T::create(&mut connection)?;
        T::fill(&mut connection, last)?;
        Ok(move || time(|| T::load(&mut connection, 1..=last)))
    }
    let sides: [Timed<'_>; 3] =
        [&mut side::<Encrypted>(effort)?, &mut side::<Plain>(effort)?, &mut side::<RawTable>(effort)?];
    rounds(effort.long_rounds, sides)
}

/// Finds rows by their address, one query each, and reads a column in the clear: this is about finding. Not by `first`:
/// SQLite prepares a statement with `LIMIT ?` anew whenever the limit is bound, which takes as long as the rest.
/// The page cache holds either table: a table in the clear is smaller, and a cache that holds it and not the other would
/// be what is measured.
pub(crate) fn lookup(effort: Effort) -> Result<Compared, Failure> {
    fn side<T: Table<SqliteConnection>>(effort: Effort) -> Result<impl FnMut() -> Result<f64, Failure>, Failure> {
        let (folder, mut connection) = file()?;
        T::create(&mut connection)?;
        T::fill(&mut connection, effort.table as i32)?;
        connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA cache_size = -65536")?;
        let mut wanted = wanted(effort);
        Ok(move || {
            let _folder = &folder;
            let emails: Vec<_> = wanted.by_ref().take(LOOKUPS as usize).collect();
            time(|| emails.iter().try_for_each(|email| T::find(&mut connection, email).map(drop)))
        })
    }
    let sides: [Timed<'_>; 3] =
        [&mut side::<Encrypted>(effort)?, &mut side::<Plain>(effort)?, &mut side::<RawTable>(effort)?];
    rounds(effort.part_rounds, sides)
}

/// Addresses of rows in no order, without an end.
pub(crate) fn wanted(effort: Effort) -> impl Iterator<Item = String> {
    let rows = effort.table as u32;
    (0_u32..).map(move |n| clinic::email(1 + (clinic::mix(!n) % rows) as i32))
}

/// A database in a file, as an application has it. It goes with the folder.
fn file() -> Result<(TempDir, SqliteConnection), Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("clinic.sqlite");
    let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
    connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")?;
    Ok((folder, connection))
}
