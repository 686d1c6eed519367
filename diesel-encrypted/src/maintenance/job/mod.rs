//! Jobs, and who works on which part of one: rows of `encryption_jobs`.
//!
//! A job is one operation on one column, in one scope. Its own row (part 0) says how far ranges have been handed out, and
//! each range that is worked on has a row with how far it is. A range belongs to the worker whose token it carries, until
//! the database's clock says that this expired; then another takes it and goes on where it was. So the table has a row for
//! each job and worker, however long the walked table is, and a worker that was killed loses nothing.
//!
//! Nothing here is trusted: what a job says decides which rows are looked at next, never what is written to them, and at
//! the end the rows that still need work are counted.

mod claim;
mod sql;
mod stored;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

pub(super) use claim::{Claim, Next};
use stored::{Stored, signed, unsigned};

use super::{
    Counts, MaintenanceConnection, MaintenanceError,
    patience::{in_transaction, patiently},
};
use crate::{backend::Dialect, store::statement::Statement};

/// How often a job walks its table at most, because rows need work that the last walk had passed.
const PASSES: i64 = 3;

/// The bytes that a job's id may have, as ids in keys of every database.
const ID_MAX: usize = 1024;

/// Which job it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct JobName<'n> {
    pub(super) operation: &'static str,
    /// The field's id.
    pub(super) field: &'n str,
    pub(super) scope: Option<&'n [u8]>,
    /// The id of the key of the user or group whose values it is about.
    pub(super) holder: Option<u32>,
}

/// What is kept of a job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    id: Vec<u8>,
    operation: &'static str,
    parameters: String,
    /// Whether its row goes when it is done: there are as many holders' jobs as keys of holders.
    of_holder: bool,
    /// In milliseconds.
    lease: i64,
    dialect: Dialect,
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

/// Ranges are left to be handed out.
const OPEN: i64 = 0;
/// All ranges are handed out.
const HANDED_OUT: i64 = 1;
/// The job is done, and the next run begins it anew.
const DONE: i64 = 2;

impl Job {
    /// The job of this name.
    pub(super) fn new(dialect: Dialect, name: &JobName<'_>, parameters: String, lease: std::time::Duration) -> Self {
        let JobName { operation, field, scope, holder } = *name;
        let holder_key = holder.map(|key_id| format!(" {key_id:08x}")).unwrap_or_default();
        let mut id = format!("{operation}{holder_key} {field}").into_bytes();
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
        Self { id, operation, parameters, of_holder: holder.is_some(), lease, dialect }
    }

    /// Takes part: in the job as it stands, or in a new one, whose rows are counted then. Others need not wait for that.
    pub(super) fn begin<C: MaintenanceConnection>(
        &self,
        connection: &mut C,
        total: impl FnOnce(&mut C) -> Result<u64, MaintenanceError>,
    ) -> Result<Standing, MaintenanceError> {
        loop {
            let Some(row) = patiently(connection, |connection| self.row(connection))? else {
                match patiently(connection, |connection| connection.run(&self.insert_job())) {
                    Ok(_) => return self.counted(connection, total),
                    Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => continue,
                    Err(error) => return Err(error.into()),
                }
            };
            if row.state != DONE && row.parameters == self.parameters {
                return self.standing_of(connection, &row);
            }
            let restarted = in_transaction(connection, |connection| {
                if connection.run(&self.unchanged(&row))? == 0 {
                    return Ok(Restarted::Changed);
                }
                // Of a run with other options, which may still be at work.
                let claims = connection.jobs(self.select(" AND part > 0 ORDER BY expires DESC", ""))?;
                if let Some(claim) = claims.into_iter().next().map(Stored::new).filter(|claim| claim.expires > 0) {
                    return Ok(Restarted::Busy(claim.expires));
                }
                connection.run(&self.only(Statement::new().sql("DELETE FROM encryption_jobs")).sql(" AND part > 0"))?;
                connection.run(&self.restart())?;
                Ok(Restarted::Anew)
            });
            match restarted? {
                Restarted::Anew => return self.counted(connection, total),
                Restarted::Changed => {}
                Restarted::Busy(wait_ms) => {
                    let job = String::from_utf8_lossy(&self.id).into_owned();
                    return Err(MaintenanceError::OtherRun { job, wait_ms });
                }
            }
        }
    }

    /// Keeps how many rows a job has that just began.
    fn counted<C: MaintenanceConnection>(
        &self,
        connection: &mut C,
        total: impl FnOnce(&mut C) -> Result<u64, MaintenanceError>,
    ) -> Result<Standing, MaintenanceError> {
        let total = total(connection)?;
        let statement = Statement::new().sql("UPDATE encryption_jobs SET total = ").number(signed(total));
        let statement = self.only(statement).sql(" AND part = 0");
        patiently(connection, |connection| connection.run(&statement))?;
        Ok(Standing { pass: 1, total, counts: Counts::default() })
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
            false if self.of_holder => "DELETE FROM encryption_jobs".to_owned(),
            false => format!("UPDATE encryption_jobs SET state = {DONE}, high = '{left}'"),
        };
        let statement = self
            .only(Statement::new().made(set))
            .made(format!(" AND part = 0 AND state = {HANDED_OUT} AND pass = {}", standing.pass));
        in_transaction(connection, |connection| connection.run(&statement))?;
        Ok(!again)
    }

    /// How many rows were left when another worker ended the job, if it is not at work again.
    pub(super) fn left<C: MaintenanceConnection>(&self, connection: &mut C) -> Result<Option<u64>, MaintenanceError> {
        let row = patiently(connection, |connection| self.row(connection))?;
        Ok(row.filter(|row| row.state == DONE).and_then(|row| row.high.parse().ok()))
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
}
