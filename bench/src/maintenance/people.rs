//! The tables that are maintained, and what is done to them.

#![allow(missing_docs, reason = "the macros write the items")]

use std::{ops::ControlFlow, thread};

use diesel::{
    connection::SimpleConnection,
    dsl::sql_query,
    prelude::*,
    sql_types::{Array, BigInt, Binary},
};
use diesel_encrypted::{
    Algorithm, Class, Field, Index, LocalRootKey, Normalizer, OpenVault, Plaintext, RootKeyId, RootKeys, Storage,
    Vault,
    keys::Secret,
    maintenance::{Maintenance, Selection},
};

use super::Work;
use crate::{
    floor::RawText,
    measure::{Failure, time},
    server::Scratch,
};

/// The rows that the floor reads and writes at once, as ours does.
const PAGE: i64 = 4000;

/// What sealing adds to a value: the header, a slot, the nonce and the tag.
pub(super) const OVERHEAD: usize = 52;

const INDEXES: &[Index] = &[Index::new("default").normalize(&[Normalizer::Lowercase])];

const fn field(algorithm: Algorithm) -> Field {
    Field::new("people.email", "people", "email", Class::Text, Storage::Binary)
        .primary_key(&["id"])
        .algorithm(algorithm)
        .plaintext(Plaintext::Accept)
        .indexes(INDEXES)
}

/// What the application declares, and what it declares in the next round: what is rotated to.
pub(super) static FIRST: Field = field(Algorithm::Aes256Gcm);
pub(super) static SECOND: Field = field(Algorithm::Xaes256Gcm);

diesel::table! {
    floor (id) {
        id -> BigInt,
        email -> Binary,
    }
}

diesel::table! {
    raw_people (id) {
        id -> BigInt,
        email -> Binary,
    }
}

/// A table of its own for each side.
pub(super) struct People {
    name: &'static str,
    rows: usize,
    /// One for each worker.
    connections: Vec<PgConnection>,
}

impl People {
    /// A new table of `rows` addresses in the clear.
    pub(super) fn new(
        scratch: &Scratch<PgConnection>,
        name: &'static str,
        rows: usize,
        workers: usize,
    ) -> Result<Self, Failure> {
        let mut people = Self::existing(scratch, name, rows, workers)?;
        people.run(&format!("DROP TABLE IF EXISTS {name}"))?;
        people.run(&format!(
            "CREATE TABLE {name} (id bigint PRIMARY KEY, other integer NOT NULL DEFAULT 0, email bytea)"
        ))?;
        people.refill()?;
        Ok(people)
    }

    /// A copy of `people`.
    pub(super) fn copied(
        scratch: &Scratch<PgConnection>,
        name: &'static str,
        rows: usize,
        workers: usize,
    ) -> Result<Self, Failure> {
        let mut people = Self::existing(scratch, name, rows, workers)?;
        people.run(&format!("CREATE TABLE {name} (LIKE people INCLUDING ALL)"))?;
        people.run(&format!("INSERT INTO {name} SELECT * FROM people ORDER BY id"))?;
        Ok(people)
    }

    /// A table that is there.
    pub(super) fn existing(
        scratch: &Scratch<PgConnection>,
        name: &'static str,
        rows: usize,
        workers: usize,
    ) -> Result<Self, Failure> {
        let connections = (0..workers).map(|_| scratch.connect()).collect::<Result<_, _>>()?;
        Ok(Self { name, rows, connections })
    }

    fn run(&mut self, statement: &str) -> Result<(), Failure> {
        Ok(self.connections.first_mut().ok_or("no worker")?.batch_execute(statement)?)
    }

    /// Everything in the clear again.
    pub(super) fn refill(&mut self) -> Result<(), Failure> {
        let Self { name, rows, .. } = *self;
        self.run(&format!(
            "TRUNCATE {name}; INSERT INTO {name} (id, email) \
             SELECT id, convert_to('Patient.' || id || '@example.org', 'UTF8') FROM generate_series(1, {rows}) AS id"
        ))
    }

    /// Times `work`, after what the server would do by itself in time.
    pub(super) fn timed(
        &mut self,
        work: impl FnOnce(&mut [PgConnection]) -> Result<u64, Failure>,
    ) -> Result<f64, Failure> {
        self.run(&format!("VACUUM ANALYZE {}", self.name))?;
        let rows = self.rows as u64;
        let mut seen = 0;
        let took = time(|| work(&mut self.connections).map(|done| seen = done))?;
        if seen == rows { Ok(took) } else { Err(format!("{seen} of {rows} rows were done").into()) }
    }

    /// The reference.
    pub(super) fn bare(&mut self) -> Result<f64, Failure> {
        let statement = format!("UPDATE {} SET email = email", self.name);
        self.timed(|connections| {
            let connection = connections.first_mut().ok_or("no worker")?;
            Ok(sql_query(statement).execute(connection)? as u64)
        })
    }

    /// The floor: each value replaced by one that is so much longer.
    pub(super) fn rewritten(&mut self, longer: usize) -> Result<f64, Failure> {
        let rows = self.rows as i64;
        self.timed(|connections| {
            let part = rows / connections.len() as i64 + 1;
            thread::scope(|scope| {
                let work = |(at, connection)| {
                    scope.spawn(move || {
                        rewrite(connection, at as i64 * part, (at as i64 + 1) * part, longer)
                            .map_err(|error| error.to_string())
                    })
                };
                let workers: Vec<_> = connections.iter_mut().enumerate().map(work).collect();
                workers
                    .into_iter()
                    .map(|worker| worker.join().map_err(|_| "a worker panicked")?.map_err(Failure::from))
                    .sum()
            })
        })
    }
}

/// Replaces the values of the table `floor` with ids behind `after`, up to `until`.
fn rewrite(
    connection: &mut PgConnection,
    mut after: i64,
    until: i64,
    longer: usize,
) -> Result<u64, diesel::result::Error> {
    let mut done = 0;
    loop {
        let page = floor::table.filter(floor::id.gt(after)).filter(floor::id.le(until)).order(floor::id).limit(PAGE);
        let page: Vec<(i64, Vec<u8>)> = page.load(connection)?;
        let Some((last, _)) = page.last() else { return Ok(done) };
        let first = after;
        after = *last;
        let (ids, old): (Vec<i64>, Vec<Vec<u8>>) = page.into_iter().unzip();
        let new: Vec<Vec<u8>> = old.iter().map(|old| vec![7; old.len() + longer]).collect();
        done += connection.transaction(|connection| {
            sql_query(
                "SELECT set_config('synchronous_commit', 'off', true), set_config('enable_nestloop', 'off', true), \
                 set_config('enable_hashjoin', 'off', true), set_config('enable_seqscan', 'off', true), \
                 set_config('plan_cache_mode', 'force_generic_plan', true)",
            )
            .execute(connection)?;
            sql_query(
                "UPDATE floor AS t SET email = v.n \
                 FROM (SELECT unnest($1) AS id, unnest($2) AS o, unnest($3) AS n) AS v \
                 WHERE t.id = v.id AND t.id > $4 AND t.id <= $5 AND t.email = v.o",
            )
            .bind::<Array<BigInt>, _>(&ids)
            .bind::<Array<Binary>, _>(&old)
            .bind::<Array<Binary>, _>(&new)
            .bind::<BigInt, _>(first)
            .bind::<BigInt, _>(after)
            .execute(connection)
        })? as u64;
    }
}

/// A vault over `people`, under one of its declarations.
pub(super) struct Sealed(Vault);

impl Sealed {
    pub(super) fn open(scratch: &Scratch<PgConnection>, field: &'static Field) -> Result<Self, Failure> {
        let root =
            LocalRootKey::new(RootKeyId::new("bench")?, Secret::from_slice(&[7; 32]).ok_or("a key of 32 bytes")?);
        Ok(Self(Vault::builder(RootKeys::new(root)).field(field).open(&mut scratch.connect()?)?))
    }

    /// Seals the table.
    pub(super) fn backfilled(&self, people: &mut People) -> Result<(), Failure> {
        people.timed(|connections| {
            self.shared(connections, |maintenance, on| maintenance.backfill(&Selection::all()).run(on))
        })?;
        Ok(())
    }

    /// Does the work by a thread for each connection: how many rows were done.
    pub(super) fn shared(&self, connections: &mut [PgConnection], work: Work) -> Result<u64, Failure> {
        let one = |connection: &mut PgConnection| {
            let mut maintenance = Maintenance::open(connection, &self.0).map_err(|error| error.to_string())?;
            let report = work(&mut maintenance, |_| ControlFlow::Continue(())).map_err(|error| error.to_string())?;
            if report.is_clean() { Ok(report.counts().done) } else { Err(format!("{report:?}")) }
        };
        thread::scope(|scope| {
            let workers: Vec<_> = connections.iter_mut().map(|connection| scope.spawn(|| one(connection))).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().map_err(|_| "a worker panicked")?.map_err(Failure::from))
                .sum()
        })
    }
}

/// A table of as many values of the raw cipher.
pub(super) fn raw(scratch: &Scratch<PgConnection>, rows: usize) -> Result<PgConnection, Failure> {
    let mut connection = scratch.connect()?;
    connection.batch_execute(
        "CREATE TABLE raw_people (id bigint PRIMARY KEY, other integer NOT NULL DEFAULT 0, email bytea)",
    )?;
    for first in (1..=rows as i64).step_by(PAGE as usize) {
        let ids: Vec<i64> = (first..=(rows as i64).min(first + PAGE - 1)).collect();
        let seal = |id: &i64| crate::floor::seal(&format!("Patient.{id}@example.org"));
        let values = ids.iter().map(seal).collect::<Result<Vec<_>, _>>()?;
        sql_query("INSERT INTO raw_people (id, email) SELECT unnest($1), unnest($2)")
            .bind::<Array<BigInt>, _>(&ids)
            .bind::<Array<Binary>, _>(&values)
            .execute(&mut connection)?;
    }
    connection.batch_execute("VACUUM ANALYZE raw_people")?;
    Ok(connection)
}

/// Reads it in pages and opens every value.
pub(super) fn read_raw(connection: &mut PgConnection) -> QueryResult<()> {
    let mut after = 0;
    loop {
        let page = raw_people::table.filter(raw_people::id.gt(after)).order(raw_people::id).limit(PAGE);
        let page: Vec<(i64, RawText)> = page.load(connection)?;
        match page.last() {
            Some((last, _)) => after = *last,
            None => return Ok(()),
        }
    }
}
