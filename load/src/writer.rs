//! A writer: changes rows that no other writer changes, so that it knows what has to stand in them, and a few that all
//! change, so that they get in each other's way.

use crate::driver::Driver;
use crate::model::{Contact, Row};
use crate::random::Random;
use crate::session::{Outcome, Session};
use crate::tally::Tally;

/// The rows from id 1 that all writers change.
pub(crate) const SHARED: i32 = 6;

pub(crate) struct Writer<'a, D> {
    session: Session<'a, D>,
    tally: &'a Tally,
    random: Random,
    /// Its rows, as they were written last.
    rows: Vec<Row>,
    /// The next id that nobody has had.
    next_id: i32,
    /// How many writers there are: they take ids in turn.
    writers: i32,
}

impl<'a, D: Driver> Writer<'a, D> {
    /// The writer `number` of so many, over the rows that are there from the start.
    pub(crate) fn new(
        session: Session<'a, D>,
        tally: &'a Tally,
        random: Random,
        number: i32,
        writers: i32,
        filled: i32,
    ) -> Self {
        let rows = (SHARED + 1..=filled).filter(|id| id % writers == number).map(Row::new).collect();
        let next_id = (filled + 1..).find(|id| id % writers == number).unwrap_or(filled);
        Self { session, tally, random, rows, next_id, writers }
    }

    /// Its rows, as they have to be.
    pub(crate) fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    /// Does one thing. False if it failed, and with that the run.
    pub(crate) fn step(&mut self) -> bool {
        match self.random.below(100) {
            0..20 => self.insert(),
            20..60 => self.update(),
            60..75 => self.upsert(),
            75..85 => self.delete(),
            85..90 => self.insert_again(),
            _ => self.update_shared(),
        }
    }

    fn fresh(&mut self) -> Row {
        let id = self.next_id;
        self.next_id += self.writers;
        Row::new(id)
    }

    fn insert(&mut self) -> bool {
        let row = self.fresh();
        let (contact, call) = (row.contact(), row.call());
        let upsert = self.random.below(4) == 0 && call.is_none();
        let outcome = if upsert {
            self.session.run("write: upsert of a new row", |connection| connection.upsert(&contact).map(drop))
        } else {
            self.session.run("write: insert", |connection| connection.insert(&contact, call.as_ref()))
        };
        match outcome {
            // The insert that was cut off had been committed.
            Outcome::Done { .. } | Outcome::Taken { lost: true } => self.rows.push(row),
            Outcome::Taken { lost: false } => return self.fail(row, "nobody has had its email, and it was refused"),
            Outcome::Failed => return false,
        }
        true
    }

    fn update(&mut self) -> bool {
        let at = self.random.below(self.rows.len());
        let moves = self.random.below(2) as i32;
        let Some(row) = self.rows.get_mut(at) else { return true };
        let before = *row;
        *row = Row { version: before.version + 1, moves: before.moves + moves, ..before };
        let (row, contact) = (*row, row.contact());
        let call = row.call().filter(|_| moves > 0);
        let outcome =
            self.session.run("write: update", |connection| connection.update(before.version, &contact, call.as_ref()));
        self.wrote_one(row, outcome)
    }

    /// Writes over a row by its email, as one who does not know its id.
    fn upsert(&mut self) -> bool {
        let fresh = self.fresh();
        let at = self.random.below(self.rows.len());
        let Some(row) = self.rows.get_mut(at) else { return true };
        row.version += 1;
        let (row, contact) = (*row, Contact { id: fresh.id, ..row.contact() });
        match self.session.run("write: upsert of a row by its email", |connection| connection.upsert(&contact)) {
            Outcome::Done { .. } => true,
            Outcome::Taken { .. } => self.fail(row, "an upsert met a unique violation"),
            Outcome::Failed => false,
        }
    }

    fn delete(&mut self) -> bool {
        if self.rows.is_empty() {
            return true;
        }
        let row = self.rows.swap_remove(self.random.below(self.rows.len()));
        let outcome = self.session.run("write: delete", |connection| connection.delete(row.id));
        self.wrote_one(row, outcome)
    }

    /// Inserts an email that another row has, in another spelling.
    fn insert_again(&mut self) -> bool {
        let fresh = self.fresh();
        let Some(row) = self.random.one_of(&self.rows).copied() else { return true };
        let contact = Contact { id: fresh.id, ..Row { version: row.version + 1, ..row }.contact() };
        match self
            .session
            .run("write: insert of an email that is taken", |connection| connection.insert(&contact, None))
        {
            Outcome::Taken { .. } => {
                self.tally.count("write: refused for an email that is taken");
                true
            }
            Outcome::Done { .. } => self.fail(row, "a second row was let in with its email"),
            Outcome::Failed => false,
        }
    }

    fn update_shared(&mut self) -> bool {
        let first = self.random.id(SHARED);
        let second = 1 + (first + self.random.below(SHARED as usize - 1) as i32) % SHARED;
        let [first, second] = [first, second].map(|id| {
            let version = self.random.below(10_000) as i32;
            Row { version, ..Row::new(id) }.contact()
        });
        self.session
            .read("write: update of two shared rows", |connection| connection.update_both(&first, &second))
            .is_some()
    }

    /// One row was to be written, or none if it had been before the connection was cut.
    fn wrote_one(&mut self, row: Row, outcome: Outcome<usize>) -> bool {
        match outcome {
            Outcome::Done { value: 1, .. } | Outcome::Done { value: 0, lost: true } => true,
            Outcome::Done { value, .. } => self.fail(row, &format!("{value} rows were written for it")),
            Outcome::Taken { .. } => self.fail(row, "nobody has had its email, and it was refused"),
            Outcome::Failed => false,
        }
    }

    fn fail(&self, row: Row, what: &str) -> bool {
        self.tally.fail(format!("{row:?}: {what}"));
        false
    }
}
