//! Working on one column: range by range, page by page, alone or with others.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use diesel_encrypted_core::Field;

use super::{options::Options, plan::count};
use crate::maintenance::{
    Counts, MaintenanceConnection, MaintenanceError, Progress, Report,
    job::{Claim, Job, JobName, Next, Standing},
    report::Pace,
    transform::Transform,
    walk::Range,
    write::Write,
};

/// The pages of a range: what a worker claims at once, and at most does again if its last checkpoint is lost.
const RANGE_PAGES: i64 = 20;

/// One column that is worked on.
pub(super) struct Work<'w, C> {
    pub(super) connection: &'w mut C,
    pub(super) options: &'w Options,
    pub(super) field: &'static Field,
    pub(super) operation: &'static str,
    pub(super) transform: Box<dyn Transform>,
    pub(super) write: Write<'w>,
    /// What this process did.
    pub(super) counts: Counts,
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
        let mut range = Range::default();
        loop {
            let began = Instant::now();
            let page = self.page(&range)?;
            self.counts += page.counts;
            self.counts.done += u64::try_from(page.writes.len()).unwrap_or(0);
            if self.tell(self.counts.seen()).is_break() || page.ends {
                return Ok(());
            }
            self.slow_down(began, page.counts.seen());
            range.after = page.last.or(range.after);
        }
    }

    /// With whoever else works on the same. How many rows are left, if that was counted.
    pub(super) fn share(&mut self, name: &JobName<'_>) -> Result<Option<u64>, MaintenanceError> {
        let dialect = self.write.walk.table.dialect;
        let job = Job::new(dialect, name, self.transform.parameters(), self.options.lease);
        let (connection, write) = (&mut *self.connection, &self.write);
        self.standing = job.begin(connection, |connection| count(connection, write.walk.count()))?;
        self.pace = Pace::new(self.standing.counts.seen());
        let nap = (self.options.lease / 4).clamp(Duration::from_millis(10), Duration::from_millis(250));
        loop {
            match job.next(self.connection, &self.write.walk, self.options.batch * RANGE_PAGES)? {
                Next::Work(claim) => {
                    let done = self.range(&job, claim)?;
                    if !done {
                        return Ok(None);
                    }
                    self.standing = job.standing(self.connection)?;
                }
                Next::Wait if self.tell(self.standing.counts.seen()).is_break() => return Ok(None),
                Next::Wait => std::thread::sleep(nap),
                Next::Drained(standing) => {
                    let left = match self.transform.action() {
                        Some(_) => count(self.connection, self.write.walk.count())?,
                        None => 0,
                    };
                    if job.close(self.connection, standing, left)? {
                        return Ok(Some(left));
                    }
                }
                Next::Over => return Ok(None),
            }
        }
    }

    /// A range, page by page. Whether to go on with others.
    fn range(&mut self, job: &Job, mut claim: Claim) -> Result<bool, MaintenanceError> {
        let before = self.standing.counts.seen();
        let mut seen = 0;
        loop {
            let began = Instant::now();
            let page = self.page(&claim.range);
            let (ends, last) = page.as_ref().map_or((false, None), |page| (page.ends, page.last.clone()));
            let committed = page.and_then(|page| self.commit(job, &claim, page));
            let counts = match committed {
                Ok(Some(counts)) => counts,
                // It expired, and belongs to another worker.
                Ok(None) => return Ok(true),
                Err(error) => {
                    job.release(self.connection, &claim);
                    return Err(error);
                }
            };
            self.counts += counts;
            seen += counts.seen();
            let stop = self.tell(before + seen).is_break();
            if ends {
                job.complete(self.connection, &claim)?;
            }
            if stop {
                if !ends {
                    job.release(self.connection, &claim);
                }
                return Ok(false);
            }
            if ends {
                return Ok(true);
            }
            self.slow_down(began, counts.seen());
            claim.range.after = last;
        }
    }

    fn tell(&mut self, seen: u64) -> ControlFlow<()> {
        let rate = self.pace.rate(seen);
        let total = self.standing.total;
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
