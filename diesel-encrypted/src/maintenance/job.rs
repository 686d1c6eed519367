//! Jobs, and who works on which part of one: rows of `encryption_jobs`.
//!
//! A job is one operation on one column, in one scope. Its own row (part 0) says how far ranges have been handed out, and
//! each range that is worked on has a row with how far it is. A range belongs to the worker whose token it carries, until
//! the database's clock says that this expired; then another takes it and goes on where it was. So the table has a row for
//! each job and worker, however long the walked table is, and a worker that was killed loses nothing.
//!
//! Nothing here is trusted: what a job says decides which rows are looked at next, never what is written to them, and at
//! the end the rows that still need work are counted.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_encrypted_core::keys::Secret;

use super::{
    Counts, MaintenanceConnection, MaintenanceError,
    connection::JobColumns,
    key::Key,
    patience::{in_transaction, patiently},
    walk::{Range, Walk},
};
use crate::{backend::Dialect, store::statement::Statement};

/// How often a job walks its table at most, because rows need work that the last walk had passed.
const PASSES: i64 = 3;

/// The bytes that a job's id may have, as ids in keys of every database.
const ID_MAX: usize = 1024;

/// What is kept of a job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    id: Vec<u8>,
    operation: &'static str,
    parameters: String,
    /// In milliseconds.
    lease: i64,
    dialect: Dialect,
}

/// A range that this worker works on.
#[derive(Debug)]
pub(super) struct Claim {
    part: i64,
    token: String,
    pub(super) range: Range,
}

/// What a worker is to do.
#[derive(Debug)]
pub(super) enum Next {
    /// Work on a range.
    Work(Claim),
    /// Others work on the last ranges.
    Wait,
    /// All ranges of this pass are done: count what is left.
    Drained(Standing),
    /// Another worker ended the job.
    Over,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    pub(super) pass: i64,
    pub(super) total: u64,
    /// Since the job began, of all workers.
    pub(super) counts: Counts,
}

/// What came of beginning a job anew.
enum Restarted {
    Anew,
    /// Another worker was first.
    Changed,
    /// Others work on it, for so many milliseconds at least.
    Busy(i64),
}

/// A row of the table.
struct Stored {
    part: i64,
    state: i64,
    pass: i64,
    low: String,
    high: String,
    expires: i64,
    total: i64,
    counts: Counts,
    parameters: String,
}

/// Ranges are left to be handed out.
const OPEN: i64 = 0;
/// All ranges are handed out.
const HANDED_OUT: i64 = 1;
/// The job is done, and the next run begins it anew.
const DONE: i64 = 2;

impl Job {
    /// The job of `operation` on a field, in a scope.
    pub(super) fn new(
        dialect: Dialect,
        (operation, field): (&'static str, &str),
        scope: Option<&[u8]>,
        parameters: String,
        lease: std::time::Duration,
    ) -> Self {
        let mut id = format!("{operation} {field}").into_bytes();
        if let Some(scope) = scope {
            id.push(0);
            id.extend_from_slice(scope);
        }
        if id.len() > ID_MAX {
            // FNV-1a: jobs are told apart, and nobody gains by making two collide.
            let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
            let digest = id.iter().fold(0xCBF2_9CE4_8422_2325, step);
            id.truncate(ID_MAX - 8);
            id.extend_from_slice(&digest.to_be_bytes());
        }
        let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2).max(1);
        Self { id, operation, parameters, lease, dialect }
    }

    /// Takes part: in the job as it stands, or in a new one of `total` rows.
    pub(super) fn begin<C: MaintenanceConnection>(
        &self,
        connection: &mut C,
        mut total: impl FnMut(&mut C) -> Result<u64, MaintenanceError>,
    ) -> Result<Standing, MaintenanceError> {
        loop {
            let Some(row) = patiently(connection, |connection| self.row(connection))? else {
                let total = total(connection)?;
                match patiently(connection, |connection| connection.run(self.insert_job(total))) {
                    Ok(_) => return Ok(Standing { pass: 1, total, counts: Counts::default() }),
                    Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => continue,
                    Err(error) => return Err(error.into()),
                }
            };
            if row.state != DONE && row.parameters == self.parameters {
                return self.standing_of(connection, &row);
            }
            let total = total(connection)?;
            let restarted = in_transaction(connection, |connection| {
                if connection.run(self.unchanged(&row))? == 0 {
                    return Ok(Restarted::Changed);
                }
                // Of a run with other options, which may still be at work.
                let claims = connection.jobs(self.select(" AND part > 0 ORDER BY expires DESC", ""))?;
                if let Some(claim) = claims.into_iter().next().map(Stored::new).filter(|claim| claim.expires > 0) {
                    return Ok(Restarted::Busy(claim.expires));
                }
                connection.run(self.only(Statement::new().sql("DELETE FROM encryption_jobs")).sql(" AND part > 0"))?;
                connection.run(self.restart(total))?;
                Ok(Restarted::Anew)
            });
            match restarted? {
                Restarted::Anew => return Ok(Standing { pass: 1, total, counts: Counts::default() }),
                Restarted::Changed => {}
                Restarted::Busy(wait_ms) => {
                    let job = String::from_utf8_lossy(&self.id).into_owned();
                    return Err(MaintenanceError::OtherRun { job, wait_ms });
                }
            }
        }
    }

    /// What to do next, and the claim of a range of `rows` rows if it is work.
    pub(super) fn next<C: MaintenanceConnection>(
        &self,
        connection: &mut C,
        walk: &Walk<'_>,
        rows: i64,
    ) -> Result<Next, MaintenanceError> {
        let token = token()?;
        let next = in_transaction(connection, |connection| {
            // Locks the job's row, and on SQLite the database, for the few milliseconds that this takes.
            if connection.run(self.touch())? == 0 {
                return Ok(Next::Over);
            }
            let Some(job) = self.row(connection)? else { return Ok(Next::Over) };
            // A claim that is locked is being renewed.
            let unlocked = match self.dialect {
                Dialect::Sqlite => "",
                Dialect::Postgres | Dialect::Mysql => " FOR UPDATE SKIP LOCKED",
            };
            let expired = format!(" AND part > 0 AND expires < {} ORDER BY part LIMIT 1", self.now());
            let expired = self.select(&expired, unlocked);
            if let Some(claim) = connection.jobs(expired)?.into_iter().next().map(Stored::new) {
                connection.run(self.take(claim.part, &token))?;
                let range = Range { after: Key::parse(claim.low), until: Key::parse(claim.high) };
                return Ok(Next::Work(Claim { part: claim.part, token: token.clone(), range }));
            }
            let claims = connection.jobs(self.select(" AND part > 0 ORDER BY part DESC", ""))?;
            let last = claims.into_iter().next().map(Stored::new);
            if job.state != OPEN {
                return Ok(match last {
                    Some(_) => Next::Wait,
                    None => Next::Drained(Standing { pass: job.pass, total: unsigned(job.total), counts: job.counts }),
                });
            }
            let after = Key::parse(job.low);
            let boundary = connection.walked(walk.boundary(after.clone(), rows))?;
            let until = boundary.into_iter().next().and_then(|(key, ..)| Key::parse(key));
            let part = last.map_or(1, |last| last.part + 1);
            let range = Range { after, until };
            connection.run(self.insert_claim(part, &token, &range))?;
            connection.run(self.hand_out(&range))?;
            Ok(Next::Work(Claim { part, token: token.clone(), range }))
        });
        Ok(next?)
    }

    /// Keeps that `claim` is done up to `after`, and renews it. Within the caller's transaction. Whether it is still ours.
    pub(super) fn advance<C: MaintenanceConnection>(
        &self,
        connection: &mut C,
        claim: &Claim,
        after: &Key,
        counts: Counts,
    ) -> Result<bool, DieselError> {
        let statement = Statement::new()
            .sql("UPDATE encryption_jobs SET low = ")
            .text(after.packed())
            .made(format!(", expires = {} + ", self.now()))
            .number(self.lease);
        let statement = self.own(add(statement, counts), claim);
        Ok(connection.run(statement)? == 1)
    }

    /// Gives the range up as done, and adds what came of it to the job.
    pub(super) fn complete<C: MaintenanceConnection>(
        &self,
        connection: &mut C,
        claim: &Claim,
    ) -> Result<(), MaintenanceError> {
        in_transaction(connection, |connection| {
            connection.run(self.touch())?;
            let claimed = self.own(self.columns(), claim);
            let Some(row) = connection.jobs(claimed)?.into_iter().next().map(Stored::new) else { return Ok(()) };
            let statement = add(Statement::new().sql("UPDATE encryption_jobs SET part = 0"), row.counts);
            connection.run(self.only(statement).sql(" AND part = 0"))?;
            connection.run(self.own(Statement::new().sql("DELETE FROM encryption_jobs"), claim)).map(drop)
        })?;
        Ok(())
    }

    /// Gives the range up as it is: another worker may take it at once.
    pub(super) fn release<C: MaintenanceConnection>(&self, connection: &mut C, claim: &Claim) {
        let statement = self.own(Statement::new().sql("UPDATE encryption_jobs SET expires = 0"), claim);
        if let Err(error) = patiently(connection, |connection| connection.run(statement.clone())) {
            tracing::debug!(%error, "a range was not released, and will expire");
        }
    }

    /// Ends a drained job, or begins another pass if rows need work that did not fail. Whether it is over.
    pub(super) fn close<C: MaintenanceConnection>(
        &self,
        connection: &mut C,
        standing: Standing,
        left: u64,
    ) -> Result<bool, MaintenanceError> {
        // A row that failed needs work still, and is counted in each pass.
        let worth = left > standing.counts.failed.div_ceil(standing.pass.unsigned_abs().max(1));
        let again = worth && standing.pass < PASSES;
        let set = match again {
            true => format!("UPDATE encryption_jobs SET state = {OPEN}, low = '', pass = {}", standing.pass + 1),
            false => format!("UPDATE encryption_jobs SET state = {DONE}"),
        };
        let statement = self
            .only(Statement::new().made(set))
            .made(format!(" AND part = 0 AND state = {HANDED_OUT} AND pass = {}", standing.pass));
        in_transaction(connection, |connection| connection.run(statement.clone()))?;
        Ok(!again)
    }

    /// How far the job is now.
    pub(super) fn standing<C: MaintenanceConnection>(&self, connection: &mut C) -> Result<Standing, MaintenanceError> {
        match patiently(connection, |connection| self.row(connection))? {
            Some(row) => self.standing_of(connection, &row),
            None => Ok(Standing::default()),
        }
    }

    fn standing_of<C: MaintenanceConnection>(
        &self,
        connection: &mut C,
        job: &Stored,
    ) -> Result<Standing, MaintenanceError> {
        let mut counts = job.counts;
        let claims = patiently(connection, |connection| connection.jobs(self.select(" AND part > 0", "")))?;
        for claim in claims {
            counts += Stored::new(claim).counts;
        }
        Ok(Standing { pass: job.pass, total: unsigned(job.total), counts })
    }

    fn row<C: MaintenanceConnection>(&self, connection: &mut C) -> Result<Option<Stored>, DieselError> {
        Ok(connection.jobs(self.select(" AND part = 0", ""))?.into_iter().next().map(Stored::new))
    }

    /// Milliseconds since 1970 by the database's clock.
    fn now(&self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
            Dialect::Postgres => "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
            Dialect::Mysql => "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)",
        }
    }

    /// In the order of [`JobColumns`]. What is left of a claim's time, in milliseconds.
    fn columns(&self) -> Statement {
        Statement::new().made(format!(
            "SELECT part, state, pass, low, high, expires - {}, total, done, skipped, changed, failed, parameters \
             FROM encryption_jobs",
            self.now()
        ))
    }

    fn select(&self, which: &str, locking: &'static str) -> Statement {
        self.only(self.columns()).made(which).sql(locking)
    }

    /// The rows of this job.
    fn only(&self, statement: Statement) -> Statement {
        statement.sql(" WHERE job = ").bytes(&self.id)
    }

    /// The row of this claim, while it is ours.
    fn own(&self, statement: Statement, claim: &Claim) -> Statement {
        self.only(statement).sql(" AND part = ").number(claim.part).sql(" AND token = ").text(&claim.token)
    }

    /// Writes to the job's own row, if it is the one that this worker takes part in.
    fn touch(&self) -> Statement {
        self.lock(&self.parameters).made(format!(" AND state < {DONE}"))
    }

    /// Writes to the job's own row, if it has these parameters.
    fn lock(&self, parameters: &str) -> Statement {
        let statement = Statement::new().made(format!("UPDATE encryption_jobs SET updated = {}", self.now()));
        self.only(statement).sql(" AND part = 0 AND parameters = ").text(parameters)
    }

    fn insert_job(&self, total: u64) -> Statement {
        self.insert(0, (&self.parameters, 1, total), &Range::default(), "").sql("0")
    }

    fn insert_claim(&self, part: i64, token: &str, range: &Range) -> Statement {
        let statement = self.insert(part, ("", 0, 0), range, token);
        statement.made(format!("{} + ", self.now())).number(self.lease)
    }

    /// All but when it expires.
    fn insert(&self, part: i64, (parameters, pass, total): (&str, i64, u64), range: &Range, token: &str) -> Statement {
        let now = self.now();
        Statement::new()
            .sql(
                "INSERT INTO encryption_jobs (state, done, skipped, changed, failed, started, updated, job, part, \
                 operation, parameters, pass, total, low, high, token, expires) ",
            )
            .made(format!("SELECT 0, 0, 0, 0, 0, {now}, {now}, "))
            .bytes(&self.id)
            .sql(", ")
            .number(part)
            .sql(", ")
            .text(self.operation)
            .sql(", ")
            .text(parameters)
            .sql(", ")
            .number(pass)
            .sql(", ")
            .number(signed(total))
            .sql(", ")
            .text(packed(range.after.as_ref()))
            .sql(", ")
            .text(packed(range.until.as_ref()))
            .sql(", ")
            .text(token)
            .sql(", ")
    }

    /// Locks the job's row, if it is as it was read.
    fn unchanged(&self, row: &Stored) -> Statement {
        self.lock(&row.parameters).made(format!(" AND state = {} AND pass = {}", row.state, row.pass))
    }

    fn restart(&self, total: u64) -> Statement {
        let statement = Statement::new()
            .sql("UPDATE encryption_jobs SET parameters = ")
            .text(&self.parameters)
            .sql(", total = ")
            .number(signed(total))
            .made(format!(
                ", state = 0, pass = 1, low = '', done = 0, skipped = 0, changed = 0, failed = 0, started = {}",
                self.now()
            ));
        self.only(statement).sql(" AND part = 0")
    }

    /// Keeps up to where ranges are handed out; the last one has no end.
    fn hand_out(&self, range: &Range) -> Statement {
        let statement = match &range.until {
            Some(until) => Statement::new().sql("UPDATE encryption_jobs SET low = ").text(until.packed()),
            None => Statement::new().made(format!("UPDATE encryption_jobs SET state = {HANDED_OUT}")),
        };
        self.only(statement).sql(" AND part = 0")
    }

    fn take(&self, part: i64, token: &str) -> Statement {
        let statement = Statement::new()
            .sql("UPDATE encryption_jobs SET token = ")
            .text(token)
            .made(format!(", expires = {} + ", self.now()))
            .number(self.lease);
        self.only(statement).sql(" AND part = ").number(part)
    }
}

/// A name for a claim that no other worker has.
fn token() -> Result<String, MaintenanceError> {
    let random = Secret::generate()?;
    Ok(random.expose_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

fn packed(key: Option<&Key>) -> &str {
    key.map_or("", Key::packed)
}

/// Goes on behind a SET.
fn add(statement: Statement, counts: Counts) -> Statement {
    let Counts { done, skipped, changed, failed } = counts;
    statement.made(format!(
        ", done = done + {done}, skipped = skipped + {skipped}, changed = changed + {changed}, failed = failed + {failed}"
    ))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl Stored {
    fn new(columns: JobColumns) -> Self {
        let (part, state, pass, low, high, expires, total, done, skipped, changed, failed, parameters) = columns;
        let [done, skipped, changed, failed] = [done, skipped, changed, failed].map(unsigned);
        let counts = Counts { done, skipped, changed, failed };
        Self { part, state, pass, low, high, expires, total, counts, parameters }
    }
}
