//! A worker's connection: does again what can be done again, and connects anew when the server has cut it off.

use std::time::Duration;

use diesel::prelude::*;
use diesel_encrypted::encryption_error;

use crate::driver::Driver;
use crate::scratch::Scratch;
use crate::tally::Tally;
use crate::trouble::{Trouble, described};

/// How often one thing is tried.
const TRIES: u32 = 100;

/// How long MySQL is given to end what a killed connection was doing: it closes the socket first.
const SETTLE: Duration = Duration::from_millis(50);

/// What came of one thing that a worker did.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// It is done. `lost` if the connection was cut in between, so that it may have been done twice.
    Done { value: T, lost: bool },
    /// The unique index has this value already.
    Taken { lost: bool },
    /// It failed, which has been told.
    Failed,
}

pub(crate) struct Session<'a, D> {
    scratch: &'a Scratch<'a>,
    tally: &'a Tally,
    connection: Option<D>,
}

impl<'a, D: Driver> Session<'a, D> {
    pub(crate) fn new(scratch: &'a Scratch<'a>, tally: &'a Tally) -> Self {
        Self { scratch, tally, connection: None }
    }

    /// Does it, again where that is what an application would do, and counts it under `what`.
    pub(crate) fn run<T>(&mut self, what: &str, mut work: impl FnMut(&mut D) -> QueryResult<T>) -> Outcome<T> {
        let mut lost = false;
        for _ in 0..TRIES {
            self.tally.request();
            let connection = match &mut self.connection {
                Some(connection) => connection,
                none => match self.scratch.connect() {
                    Ok(connection) => none.insert(connection),
                    Err(error) => {
                        self.tally.fail(format!("{what}: no connection: {error}"));
                        return Outcome::Failed;
                    }
                },
            };
            let error = match work(connection) {
                Ok(value) => {
                    self.tally.count(what);
                    return Outcome::Done { value, lost };
                }
                Err(error) => error,
            };
            match Trouble::of(&error, connection) {
                Trouble::Lost => {
                    self.tally.count(format!("error: connect again: {}", described(&error)));
                    self.connection = None;
                    lost = true;
                    std::thread::sleep(SETTLE);
                }
                Trouble::Again => self.tally.count(format!("error: do it again: {}", described(&error))),
                Trouble::Unique => return Outcome::Taken { lost },
                Trouble::Fatal => {
                    let cause = encryption_error(&error).map_or_else(|| described(&error), ToString::to_string);
                    self.tally.fail(format!("{what}: {cause}"));
                    return Outcome::Failed;
                }
            }
        }
        self.tally.fail(format!("{what}: not done after {TRIES} tries"));
        Outcome::Failed
    }

    /// The same of what no unique index can refuse. `None` if it failed.
    pub(crate) fn read<T>(&mut self, what: &str, work: impl FnMut(&mut D) -> QueryResult<T>) -> Option<T> {
        match self.run(what, work) {
            Outcome::Done { value, .. } => Some(value),
            Outcome::Taken { .. } => {
                self.tally.fail(format!("{what}: a unique violation"));
                None
            }
            Outcome::Failed => None,
        }
    }
}
