//! Writing a page, in one transaction with how far it came.

use std::time::{Duration, Instant};

use diesel::result::Error as DieselError;

use super::{page::Page, work::Work};
use crate::maintenance::{
    Counts, Failure, MaintenanceConnection, MaintenanceError, Reason,
    job::{Claim, Job},
    key::Key,
    patience::{in_transaction, is_refusal, lazily},
    write::Written,
};

/// The time after which it is kept that pages are done of which nothing was written: what a worker that is killed does again.
const SELDOM: Duration = Duration::from_millis(250);

/// Pages of which nothing was written, and of which it is not yet kept that they are done.
pub(super) struct Unkept {
    since: Instant,
    last: Option<Key>,
    counts: Counts,
}

impl Unkept {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), last: None, counts: Counts::default() }
    }

    fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new())
    }
}

impl<C: MaintenanceConnection> Work<'_, C> {
    /// Writes a page and keeps that it is done, in one transaction. `None` if the range belongs to another worker by now:
    /// then nothing was written. Where there is nothing to write, that is kept now and then, and at the end of the range.
    pub(super) fn commit(&mut self, job: &Job, claim: &Claim, page: Page) -> Result<Option<Counts>, MaintenanceError> {
        let Page { last, ends, writes, statements, counts, failures } = page;
        for (key, reason) in failures {
            self.fail(&key, reason)?;
        }
        self.unkept.last = last.or(self.unkept.last.take());
        if writes.is_empty() {
            self.unkept.counts += counts;
            let waits = !ends && self.unkept.since.elapsed() < SELDOM.min(self.options.lease / 8);
            return Ok((waits || self.keep(job, claim)?).then_some(counts));
        }
        let Unkept { last: Some(last), counts: before, .. } = self.unkept.take() else {
            return Ok(Some(counts));
        };
        let dialect = self.write.walk.table.dialect;
        let together = lazily(self.connection, dialect, |connection| {
            let mut counts = counts;
            for (rows, statement) in &statements {
                add(&mut counts, *rows, connection.run(statement)?);
            }
            match job.advance(connection, claim, &last, total(before, counts))? {
                true => Ok(counts),
                // Nothing of this page is written by one who may have slept for hours.
                false => Err(DieselError::RollbackTransaction),
            }
        });
        match together {
            Ok(counts) => Ok(Some(counts)),
            Err(DieselError::RollbackTransaction) => Ok(None),
            Err(error) if is_refusal(&error) => {
                let counts = self.one_by_one(&writes, counts)?;
                let advanced = lazily(self.connection, dialect, |connection| {
                    job.advance(connection, claim, &last, total(before, counts))
                })?;
                Ok(advanced.then_some(counts))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps that pages are done of which nothing was written. Whether the range is still this worker's.
    pub(super) fn keep(&mut self, job: &Job, claim: &Claim) -> Result<bool, MaintenanceError> {
        let Unkept { last, counts, .. } = self.unkept.take();
        let Some(last) = last else { return Ok(true) };
        let dialect = self.write.walk.table.dialect;
        Ok(lazily(self.connection, dialect, |connection| job.advance(connection, claim, &last, counts))?)
    }

    /// Writes rows of which one was refused, to find out which.
    fn one_by_one(&mut self, writes: &[Written], mut counts: Counts) -> Result<Counts, MaintenanceError> {
        for row in writes {
            let write = self.write;
            let one = std::slice::from_ref(row);
            match in_transaction(self.connection, |connection| connection.run(&write.statement(one))) {
                Ok(written) => add(&mut counts, 1, written),
                Err(error) if is_refusal(&error) => {
                    counts.failed += 1;
                    self.fail(&row.key, Reason::refused(&error))?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(counts)
    }

    /// Reports a row that is not done, or stops if that was asked for.
    pub(super) fn fail(&mut self, key: &Key, reason: Reason) -> Result<(), MaintenanceError> {
        let (table, column) = (self.field.table().to_owned(), self.field.column().to_owned());
        let failure = Failure { table, column, key: key.to_string(), reason };
        if self.options.stop {
            return Err(MaintenanceError::Failed(Box::new(failure)));
        }
        self.report.fail(failure);
        Ok(())
    }
}

fn total(mut counts: Counts, more: Counts) -> Counts {
    counts += more;
    counts
}

/// What came of writing `wanted` rows, of which `written` still had the value that was read.
fn add(counts: &mut Counts, wanted: usize, written: usize) {
    counts.done += u64::try_from(written).unwrap_or(0);
    counts.changed += u64::try_from(wanted.saturating_sub(written)).unwrap_or(0);
}
