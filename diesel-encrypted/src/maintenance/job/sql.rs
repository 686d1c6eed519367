//! The statements over `encryption_jobs`.

use super::{
    Claim, DONE, HANDED_OUT, Job,
    stored::{Stored, signed},
};
use crate::{
    backend::Dialect,
    maintenance::{Counts, key::Key, walk::Range},
    store::statement::Statement,
};

impl Job {
    /// Milliseconds since 1970 by the database's clock.
    pub(super) fn now(&self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
            Dialect::Postgres => "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
            Dialect::Mysql => "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)",
        }
    }

    /// In the order of [`JobColumns`]. What is left of a claim's time, in milliseconds.
    pub(super) fn columns(&self) -> Statement {
        Statement::new().again().made(format!(
            "SELECT part, state, pass, low, high, expires - {}, total, done, skipped, changed, failed, parameters \
             FROM encryption_jobs",
            self.now()
        ))
    }

    pub(super) fn select(&self, which: &str, locking: &'static str) -> Statement {
        self.only(self.columns()).made(which).sql(locking)
    }

    /// The rows of this job.
    pub(super) fn only(&self, statement: Statement) -> Statement {
        statement.sql(" WHERE job = ").bytes(&self.id)
    }

    /// The row of this claim, while it is ours.
    pub(super) fn own(&self, statement: Statement, claim: &Claim) -> Statement {
        self.only(statement).sql(" AND part = ").number(claim.part).sql(" AND token = ").text(&claim.token)
    }

    /// Writes to the job's own row, if it is the one that this worker takes part in.
    pub(super) fn touch(&self) -> Statement {
        self.lock(&self.parameters).made(format!(" AND state < {DONE}"))
    }

    /// Writes to the job's own row, if it has these parameters.
    pub(super) fn lock(&self, parameters: &str) -> Statement {
        let statement = Statement::new().again().made(format!("UPDATE encryption_jobs SET updated = {}", self.now()));
        self.only(statement).sql(" AND part = 0 AND parameters = ").text(parameters)
    }

    pub(super) fn insert_job(&self) -> Statement {
        self.insert(0, (&self.parameters, 1), &Range::default(), "").sql("0")
    }

    pub(super) fn insert_claim(&self, part: i64, token: &str, range: &Range) -> Statement {
        let statement = self.insert(part, ("", 0), range, token);
        statement.made(format!("{} + ", self.now())).number(self.lease)
    }

    /// All but when it expires.
    pub(super) fn insert(&self, part: i64, (parameters, pass): (&str, i64), range: &Range, token: &str) -> Statement {
        let now = self.now();
        Statement::new()
            .sql(
                "INSERT INTO encryption_jobs (state, total, done, skipped, changed, failed, started, updated, job, part, \
                 operation, parameters, pass, low, high, token, expires) ",
            )
            .made(format!("SELECT 0, 0, 0, 0, 0, 0, {now}, {now}, "))
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
            .text(packed(range.after.as_ref()))
            .sql(", ")
            .text(packed(range.until.as_ref()))
            .sql(", ")
            .text(token)
            .sql(", ")
    }

    /// Locks the job's row, if it is as it was read.
    pub(super) fn unchanged(&self, row: &Stored) -> Statement {
        self.lock(&row.parameters).made(format!(" AND state = {} AND pass = {}", row.state, row.pass))
    }

    pub(super) fn restart(&self) -> Statement {
        let statement = Statement::new().sql("UPDATE encryption_jobs SET parameters = ").text(&self.parameters).made(
            format!(
                ", state = 0, pass = 1, low = '', high = '', total = 0, done = 0, skipped = 0, changed = 0, failed = 0, \
                 started = {}",
                self.now()
            ),
        );
        self.only(statement).sql(" AND part = 0")
    }

    /// Keeps up to where ranges are handed out; the last one has no end.
    pub(super) fn hand_out(&self, range: &Range) -> Statement {
        let statement = match &range.until {
            Some(until) => Statement::new().sql("UPDATE encryption_jobs SET low = ").text(until.packed()),
            None => Statement::new().made(format!("UPDATE encryption_jobs SET state = {HANDED_OUT}")),
        };
        self.only(statement).sql(" AND part = 0")
    }

    pub(super) fn take(&self, part: i64, token: &str) -> Statement {
        let statement = Statement::new()
            .sql("UPDATE encryption_jobs SET token = ")
            .text(token)
            .made(format!(", expires = {} + ", self.now()))
            .number(self.lease);
        self.only(statement).sql(" AND part = ").number(part)
    }
}

fn packed(key: Option<&Key>) -> &str {
    key.map_or("", Key::packed)
}

/// Goes on behind a SET.
pub(super) fn add(statement: Statement, counts: Counts) -> Statement {
    let Counts { done, skipped, changed, failed } = counts;
    let counts = [
        (", done = done + ", done),
        (", skipped = skipped + ", skipped),
        (", changed = changed + ", changed),
        (", failed = failed + ", failed),
    ];
    counts.into_iter().fold(statement, |statement, (sql, count)| statement.sql(sql).number(signed(count)))
}
