//! Maintenance of a whole table on PostgreSQL: against a bare `UPDATE t SET c = c` of the same values, or a plain read of them
//! with the raw cipher. The floor is any other program that reads each value and writes another: without keys and without
//! checkpoints, by the statement that costs the server least.

mod memory;
mod people;

use std::cell::RefCell;

use diesel::prelude::*;
use diesel_encrypted::maintenance::{Maintenance, Selection};

use crate::{
    measure::{Compared, Effort, Failure, Timed, rounds_of_tables, time},
    report::{Found, Target},
    server::Scratch,
    servers::skip_without_server,
};
use people::{FIRST, People, SECOND, Sealed};

/// The rows, by name.
pub(crate) fn rows() -> Vec<crate::Row> {
    let bare = |work| format!("PostgreSQL: {work}, vs bare UPDATE");
    vec![
        (bare("backfill by 1 worker"), |effort| of_two(effort, |effort, scratch| backfill(effort, scratch, 1))),
        (bare("rotate by 1 worker"), |effort| of_two(effort, |effort, scratch| rotate(effort, scratch, 1))),
        (bare("rotate by 2 workers"), |effort| of_two(effort, |effort, scratch| rotate(effort, scratch, 2))),
        (bare("rotate by 4 workers"), |effort| of_two(effort, |effort, scratch| rotate(effort, scratch, 4))),
        ("PostgreSQL: rotate by 4 workers, vs by 1".to_owned(), |effort| {
            skip_without_server(|scratch| Ok(Found::Times(four_to_one(effort, scratch)?, Target::Faster(1.25))))
        }),
        ("PostgreSQL: verify by 1 worker, vs raw read".to_owned(), |effort| {
            skip_without_server(|scratch| Ok(Found::Times(verify(effort, scratch)?, Target::AtMost(1.25))))
        }),
        ("PostgreSQL: peak memory, vs a tenth of the rows".to_owned(), |effort| {
            skip_without_server(|scratch| memory::peaks(effort, scratch))
        }),
    ]
}

/// At least half as fast as the reference.
fn of_two(
    effort: Effort,
    measure: fn(Effort, &Scratch<PgConnection>) -> Result<Compared, Failure>,
) -> Result<Found, Failure> {
    skip_without_server(|scratch| Ok(Found::Times(measure(effort, scratch)?, Target::AtMost(2.0))))
}

fn backfill(effort: Effort, scratch: &Scratch<PgConnection>, workers: usize) -> Result<Compared, Failure> {
    let mut ours = People::new(scratch, "people", effort.maintained, workers)?;
    let mut bare = People::new(scratch, "bare", effort.maintained, 1)?;
    let mut floor = People::new(scratch, "floor", effort.maintained, workers)?;
    let sealed = Sealed::open(scratch, &FIRST)?;
    let sides: [Timed<'_>; 3] = [
        &mut || {
            ours.refill()?;
            ours.timed(|connections| {
                sealed.shared(connections, |maintenance, on| maintenance.backfill(&Selection::all()).run(on))
            })
        },
        &mut || bare.bare(),
        &mut || {
            floor.refill()?;
            floor.rewritten(people::OVERHEAD)
        },
    ];
    rounds_of_tables(effort, sides)
}

fn rotate(effort: Effort, scratch: &Scratch<PgConnection>, workers: usize) -> Result<Compared, Failure> {
    let mut ours = People::new(scratch, "people", effort.maintained, workers)?;
    Sealed::open(scratch, &FIRST)?.backfilled(&mut ours)?;
    let mut bare = People::copied(scratch, "bare", effort.maintained, 1)?;
    let mut floor = People::copied(scratch, "floor", effort.maintained, workers)?;
    let mut next = [&SECOND, &FIRST].into_iter().cycle();
    let sides: [Timed<'_>; 3] = [
        &mut || rotated(&mut ours, &Sealed::open(scratch, next.next().ok_or("no fields")?)?),
        &mut || bare.bare(),
        &mut || floor.rewritten(0),
    ];
    rounds_of_tables(effort, sides)
}

fn four_to_one(effort: Effort, scratch: &Scratch<PgConnection>) -> Result<Compared, Failure> {
    let mut four = People::new(scratch, "people", effort.maintained, 4)?;
    Sealed::open(scratch, &FIRST)?.backfilled(&mut four)?;
    let mut one = People::existing(scratch, "people", effort.maintained, 1)?;
    let mut floor = People::copied(scratch, "floor", effort.maintained, 4)?;
    // Whichever comes first in a round: the other algorithm than before.
    let next = RefCell::new([&SECOND, &FIRST].into_iter().cycle());
    let next = || next.borrow_mut().next().ok_or("no fields");
    let sides: [Timed<'_>; 3] = [
        &mut || rotated(&mut four, &Sealed::open(scratch, next()?)?),
        &mut || rotated(&mut one, &Sealed::open(scratch, next()?)?),
        &mut || floor.rewritten(0),
    ];
    rounds_of_tables(effort, sides)
}

fn rotated(people: &mut People, sealed: &Sealed) -> Result<f64, Failure> {
    people.timed(|connections| {
        sealed.shared(connections, |maintenance, on| maintenance.rotate(&Selection::all()).run(on))
    })
}

fn verify(effort: Effort, scratch: &Scratch<PgConnection>) -> Result<Compared, Failure> {
    let mut ours = People::new(scratch, "people", effort.maintained, 1)?;
    let sealed = Sealed::open(scratch, &FIRST)?;
    sealed.backfilled(&mut ours)?;
    let mut raw = people::raw(scratch, effort.maintained)?;
    let sides: [Timed<'_>; 2] = [
        &mut || {
            ours.timed(|connections| {
                sealed.shared(connections, |maintenance, on| maintenance.verify(&Selection::all()).run(on))
            })
        },
        &mut || time(|| people::read_raw(&mut raw)),
    ];
    rounds_of_tables(effort, sides)
}

/// What a worker is given to do.
type Work = fn(
    &mut Maintenance<'_, PgConnection>,
    fn(&diesel_encrypted::maintenance::Progress<'_>) -> std::ops::ControlFlow<()>,
) -> Result<diesel_encrypted::maintenance::Report, diesel_encrypted::maintenance::MaintenanceError>;
