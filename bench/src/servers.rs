//! Tables on PostgreSQL, and on MariaDB or MySQL. Each side has a connection of its own.

use diesel::prelude::*;

use crate::{
    measure::{Compared, Effort, Failure, Timed, rounds, time},
    report::{Found, Target},
    rival::RivalTable,
    server::{Scratch, Server},
    tables::wanted,
    work::{BATCH, Encrypted, Plain, RawTable, Table, batches},
};

/// Rows that are loaded in one round.
const PART: i32 = 5_000;
/// Lookups of one round.
const LOOKUPS: usize = 100;

/// The rows, by name.
pub(crate) fn rows() -> Vec<crate::Row> {
    let mut rows = of::<PgConnection>("PostgreSQL");
    rows.push(row("PostgreSQL: insert, vs encrypted-message", |effort| {
        skip_without_server::<PgConnection>(|scratch| {
            insert::<_, RivalTable>(effort, scratch).map(|found| Found::Times(found, Target::Faster(1.5)))
        })
    }));
    rows.push(row("PostgreSQL: load, vs encrypted-message", |effort| {
        skip_without_server::<PgConnection>(|scratch| {
            load::<_, RivalTable>(effort, scratch).map(|found| Found::Times(found, Target::Faster(4.0)))
        })
    }));
    rows.extend(of::<MysqlConnection>("MariaDB or MySQL"));
    rows
}

fn row(name: &str, measure: fn(Effort) -> Result<Found, Failure>) -> crate::Row {
    (name.to_owned(), measure)
}

fn of<C: Server>(server: &str) -> Vec<crate::Row>
where
    Encrypted: Table<C>,
    Plain: Table<C>,
    RawTable: Table<C>,
{
    vec![
        row(&format!("{server}: insert, vs in the clear"), |effort| {
            skip_without_server::<C>(|scratch| {
                insert::<_, Plain>(effort, scratch).map(|found| Found::Times(found, Target::AtMost(1.10)))
            })
        }),
        row(&format!("{server}: load, vs in the clear"), |effort| {
            skip_without_server::<C>(|scratch| {
                load::<_, Plain>(effort, scratch).map(|found| Found::Times(found, Target::AtMost(1.5)))
            })
        }),
        row(&format!("{server}: lookups by index, vs in the clear"), |effort| {
            skip_without_server::<C>(|scratch| {
                lookup(effort, scratch).map(|found| Found::Times(found, Target::AtMost(1.05)))
            })
        }),
    ]
}

pub(crate) fn skip_without_server<C: Server>(
    measure: impl FnOnce(&Scratch<C>) -> Result<Found, Failure>,
) -> Result<Found, Failure> {
    match Scratch::new() {
        Ok(scratch) => measure(&scratch),
        Err(error) => {
            let error = error.to_string().replace('\n', " ");
            Ok(Found::Skipped(format!("no server by {} or at {}: {error}", C::VARIABLE, C::LOCAL)))
        }
    }
}

fn insert<C: Server, B: Table<C>>(effort: Effort, scratch: &Scratch<C>) -> Result<Compared, Failure>
where
    Encrypted: Table<C>,
    RawTable: Table<C>,
{
    let sides: [Timed<'_>; 3] = [
        &mut inserts::<C, Encrypted>(effort, scratch)?,
        &mut inserts::<C, B>(effort, scratch)?,
        &mut inserts::<C, RawTable>(effort, scratch)?,
    ];
    rounds(effort.part_rounds, sides)
}

/// A batch a round, in a transaction that is never committed: statements are measured, and no disk.
fn inserts<C: Server, T: Table<C>>(
    effort: Effort,
    scratch: &Scratch<C>,
) -> Result<impl FnMut() -> Result<f64, Failure> + use<C, T>, Failure> {
    let mut connection = scratch.connect()?;
    T::create(&mut connection)?;
    connection.begin_test_transaction()?;
    let mut batches = batches((effort.part_rounds * BATCH) as i32);
    Ok(move || T::insert(&mut connection, batches.next().ok_or("more rounds than batches")?))
}

/// A part of the table a round, every value opened.
fn load<C: Server, B: Table<C>>(effort: Effort, scratch: &Scratch<C>) -> Result<Compared, Failure>
where
    Encrypted: Table<C>,
    RawTable: Table<C>,
{
    fn side<C: Server, T: Table<C>>(
        effort: Effort,
        scratch: &Scratch<C>,
    ) -> Result<impl FnMut() -> Result<f64, Failure> + use<C, T>, Failure> {
        let mut connection = filled::<C, T>(effort, scratch)?;
        let parts = (1..=effort.table as i32).step_by(PART as usize);
        let mut parts = parts.map(|first| first..=first + PART - 1).cycle();
        Ok(move || time(|| T::load(&mut connection, parts.next().ok_or("an empty table")?)))
    }
    let sides: [Timed<'_>; 3] = [
        &mut side::<C, Encrypted>(effort, scratch)?,
        &mut side::<C, B>(effort, scratch)?,
        &mut side::<C, RawTable>(effort, scratch)?,
    ];
    rounds(effort.part_rounds, sides)
}

/// Finds rows by their address, one query each, and reads a column in the clear.
fn lookup<C: Server>(effort: Effort, scratch: &Scratch<C>) -> Result<Compared, Failure>
where
    Encrypted: Table<C>,
    Plain: Table<C>,
    RawTable: Table<C>,
{
    fn side<C: Server, T: Table<C>>(
        effort: Effort,
        scratch: &Scratch<C>,
    ) -> Result<impl FnMut() -> Result<f64, Failure> + use<C, T>, Failure> {
        let mut connection = filled::<C, T>(effort, scratch)?;
        let mut wanted = wanted(effort);
        Ok(move || {
            let emails: Vec<_> = wanted.by_ref().take(LOOKUPS).collect();
            time(|| emails.iter().try_for_each(|email| T::find(&mut connection, email).map(drop)))
        })
    }
    let sides: [Timed<'_>; 3] = [
        &mut side::<C, Encrypted>(effort, scratch)?,
        &mut side::<C, Plain>(effort, scratch)?,
        &mut side::<C, RawTable>(effort, scratch)?,
    ];
    rounds(effort.part_rounds, sides)
}

/// A connection to a full table.
fn filled<C: Server, T: Table<C>>(effort: Effort, scratch: &Scratch<C>) -> Result<C, Failure> {
    let mut connection = scratch.connect()?;
    T::create(&mut connection)?;
    connection.transaction::<_, Failure, _>(|connection| T::fill(connection, effort.table as i32))?;
    connection.batch_execute(C::SETTLE)?;
    Ok(connection)
}
