//! The ranges of a job: claimed, renewed, given up.

use diesel::result::Error as DieselError;
use diesel_encrypted_core::keys::Secret;

use super::{
    Job, OPEN, Standing,
    sql::add,
    stored::{Stored, unsigned},
};
use crate::{
    backend::Dialect,
    maintenance::{
        Counts, MaintenanceConnection, MaintenanceError,
        key::Key,
        patience::{lazily, patiently},
        walk::{Range, Walk},
    },
    store::statement::Statement,
};

/// A range that this worker works on.
#[derive(Debug)]
pub(in crate::maintenance) struct Claim {
    pub(super) part: i64,
    pub(super) token: String,
    pub(in crate::maintenance) range: Range,
}

/// What a worker is to do.
#[derive(Debug)]
pub(in crate::maintenance) enum Next {
    /// Work on a range.
    Work(Claim),
    /// Others work on the last ranges.
    Wait,
    /// All ranges of this pass are done: count what is left.
    Drained(Standing),
    /// Another worker ended the job.
    Over,
}

impl Job {
    /// What to do next, and the claim of a range of `rows` rows if it is work.
    pub(in crate::maintenance) fn next<C: MaintenanceConnection>(
        &self,
        connection: &mut C,
        walk: &Walk<'_>,
        rows: usize,
    ) -> Result<Next, MaintenanceError> {
        let token = token()?;
        let next = lazily(connection, self.dialect, |connection| {
            // Locks the job's row, and on SQLite the database, for the few milliseconds that this takes.
            if connection.run(&self.touch())? == 0 {
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
                connection.run(&self.take(claim.part, &token))?;
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
            connection.run(&self.insert_claim(part, &token, &range))?;
            connection.run(&self.hand_out(&range))?;
            Ok(Next::Work(Claim { part, token: token.clone(), range }))
        });
        Ok(next?)
    }

    /// Keeps that `claim` is done up to `after`, and renews it. Within the caller's transaction. Whether it is still ours.
    pub(in crate::maintenance) fn advance<C: MaintenanceConnection>(
        &self,
        connection: &mut C,
        claim: &Claim,
        after: &Key,
        counts: Counts,
    ) -> Result<bool, DieselError> {
        let statement = Statement::new()
            .again()
            .sql("UPDATE encryption_jobs SET low = ")
            .text(after.packed())
            .made(format!(", expires = {} + ", self.now()))
            .number(self.lease);
        let statement = self.own(add(statement, counts), claim);
        Ok(connection.run(&statement)? == 1)
    }

    /// Gives the range up as done, and adds what came of it to the job.
    pub(in crate::maintenance) fn complete<C: MaintenanceConnection>(
        &self,
        connection: &mut C,
        claim: &Claim,
    ) -> Result<(), MaintenanceError> {
        lazily(connection, self.dialect, |connection| {
            connection.run(&self.touch())?;
            let claimed = self.own(self.columns(), claim);
            let Some(row) = connection.jobs(claimed)?.into_iter().next().map(Stored::new) else { return Ok(()) };
            let statement = add(Statement::new().sql("UPDATE encryption_jobs SET part = 0"), row.counts);
            connection.run(&self.only(statement).sql(" AND part = 0"))?;
            connection.run(&self.own(Statement::new().sql("DELETE FROM encryption_jobs"), claim)).map(drop)
        })?;
        Ok(())
    }

    /// Gives the range up as it is: another worker may take it at once.
    pub(in crate::maintenance) fn release<C: MaintenanceConnection>(&self, connection: &mut C, claim: &Claim) {
        let statement = self.own(Statement::new().sql("UPDATE encryption_jobs SET expires = 0"), claim);
        if let Err(error) = patiently(connection, |connection| connection.run(&statement)) {
            tracing::debug!(%error, "a range was not released, and will expire");
        }
    }
}

/// A name for a claim that no other worker has.
fn token() -> Result<String, MaintenanceError> {
    let random = Secret::generate()?;
    Ok(random.expose_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}
