//! Working on one column: range by range, page by page, alone or with others.

use std::{
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use diesel_encrypted_core::Field;

use super::{
    commit::Unkept,
    options::Options,
    plan::{count, expect},
};
use crate::maintenance::{
    Counts, MaintenanceConnection, MaintenanceError, Progress, Report,
    job::{Claim, Job, JobName, Next, Standing},
    report::Pace,
    transform::Transform,
    walk::Range,
    write::Write,
};

/// The pages of a range: what a worker claims at once, and at most does again if its last checkpoint is lost.
const RANGE_PAGES: usize = 16;

/// One column that is worked on.
pub(super) struct Work<'w, C> {
    pub(super) connection: &'w mut C,
    pub(super) options: &'w Options,
    pub(super) field: &'static Field,
    pub(super) operation: &'static str,
    pub(super) transform: Arc<dyn Transform>,
    pub(super) write: &'w Write<'w>,
    /// How many rows the next page has, as far as their lengths are known.
    pub(super) page_rows: usize,
    /// What this process did.
    pub(super) counts: Counts,
    pub(super) unkept: Unkept,
    /// How far all workers were when the last range was claimed, without what this one did since.
    pub(super) standing: Standing,
    pub(super) pace: Pace,
    pub(super) report: &'w mut Report,
    pub(super) progress: &'w mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
}

impl<C: MaintenanceConnection> Work<'_, C> {
    /// The whole table, without writing.
    pub(super) fn dry(&mut self) -> Result<(), MaintenanceError> {
        self.standing.total = count(self.connection, self.write.walk.count())?;
        self.pace = Pace::new(0);
        let mut began = Instant::now();
        self.pages(Range::default(), |work, page| {
            for (key, reason) in page.failures {
                work.fail(&key, reason)?;
            }
            work.counts += page.counts;
            work.counts.done += u64::try_from(page.writes.len()).unwrap_or(0);
            let told = work.tell(work.counts.seen());
            if told.is_continue() && !page.ends {
                work.slow_down(began, page.counts.seen());
                began = Instant::now();
            }
            Ok(told)
        })
    }

    /// With whoever else works on the same. How many rows are left, if that was counted.
    pub(super) fn share(&mut self, name: &JobName<'_>) -> Result<Option<u64>, MaintenanceError> {
        let dialect = self.write.walk.table.dialect;
        let job = Job::new(dialect, name, self.options.parameters(&*self.transform), self.options.lease);
        let (connection, write) = (&mut *self.connection, self.write);
        self.standing = job.begin(connection, |connection| expect(connection, &write.walk))?;
        self.pace = Pace::new(self.standing.counts.seen());
        let nap = (self.options.lease / 4).clamp(Duration::from_millis(10), Duration::from_millis(250));
        loop {
            match job.next(self.connection, &self.write.walk, self.options.batch * RANGE_PAGES)? {
                Next::Work(claim) => {
                    if !self.range(&job, &claim)? {
                        return Ok(None);
                    }
                    self.standing = job.standing(self.connection)?;
                }
                Next::Wait if self.tell(self.standing.counts.seen()).is_break() => return Ok(None),
                Next::Wait => std::thread::sleep(nap),
                Next::Drained(standing) => {
                    let left = match self.transform.tells_what_is_left() {
                        true => count(self.connection, self.write.walk.count())?,
                        false => 0,
                    };
                    if job.close(self.connection, standing, left)? {
                        return Ok(Some(left));
                    }
                }
                Next::Over => return job.left(self.connection),
            }
        }
    }

    /// A range, page by page. Whether to go on with others.
    fn range(&mut self, job: &Job, claim: &Claim) -> Result<bool, MaintenanceError> {
        self.unkept = Unkept::new();
        let before = self.standing.counts.seen();
        let (mut seen, mut began) = (0, Instant::now());
        // Whether to go on, and whether the range is still this worker's and not at its end.
        let (mut on, mut ours) = (true, true);
        let mut walked = self.pages(claim.range.clone(), |work, page| {
            let ends = page.ends;
            let Some(counts) = work.commit(job, claim, page)? else {
                // It expired, and belongs to another worker.
                ours = false;
                return Ok(ControlFlow::Break(()));
            };
            work.counts += counts;
            seen += counts.seen();
            let told = work.tell(before + seen);
            on = told.is_continue();
            if ends {
                ours = false;
                job.complete(work.connection, claim)?;
            } else if on {
                work.slow_down(began, counts.seen());
                began = Instant::now();
            }
            Ok(told)
        });
        if ours {
            walked = walked.and_then(|()| self.keep(job, claim).map(drop));
            job.release(self.connection, claim);
        }
        walked.map(|()| on)
    }

    fn tell(&mut self, seen: u64) -> ControlFlow<()> {
        let rate = self.pace.rate(seen);
        // Others may have begun while they were counted.
        let total = self.standing.total.max(seen);
        let told = (self.progress)(&Progress {
            operation: self.operation,
            table: self.field.table(),
            column: self.field.column(),
            total,
            seen,
            counts: self.counts,
            rate,
            left: Pace::left(rate, total.saturating_sub(seen)),
        });
        self.report.cancelled |= told.is_break();
        told
    }

    /// Waits until the page took as long as its rows may.
    fn slow_down(&self, began: Instant, rows: u64) {
        let Some(rate) = self.options.rate else { return };
        let due = Duration::from_secs_f64(f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) / f64::from(rate));
        std::thread::sleep(due.saturating_sub(began.elapsed()));
    }
}
