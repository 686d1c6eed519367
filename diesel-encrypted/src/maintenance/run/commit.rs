//! Writing a page, in one transaction with how far it came.

use diesel::result::Error as DieselError;

use super::{page::Page, work::Work};
use crate::maintenance::{
    Counts, MaintenanceConnection, MaintenanceError, Reason,
    job::{Claim, Job},
    patience::{in_transaction, is_refusal},
    write::Written,
};

impl<C: MaintenanceConnection> Work<'_, C> {
    /// Writes a page and keeps that it is done, in one transaction. `None` if the range belongs to another worker by now:
    /// then nothing was written.
    pub(super) fn commit(&mut self, job: &Job, claim: &Claim, page: Page) -> Result<Option<Counts>, MaintenanceError> {
        let Page { last: Some(last), writes, counts, .. } = page else { return Ok(Some(page.counts)) };
        let write = &self.write;
        let together = in_transaction(self.connection, |connection| {
            let mut counts = counts;
            if let Some(statement) = write.lazily() {
                connection.run(statement)?;
            }
            for chunk in write.chunks(&writes) {
                add(&mut counts, chunk.len(), connection.run(write.statement(chunk))?);
            }
            match job.advance(connection, claim, &last, counts)? {
                true => Ok(counts),
                // Nothing of this page is written by one who may have slept for hours.
                false => Err(DieselError::RollbackTransaction),
            }
        });
        match together {
            Ok(counts) => Ok(Some(counts)),
            Err(DieselError::RollbackTransaction) => Ok(None),
            Err(error) if is_refusal(&error) && !writes.is_empty() => {
                let counts = self.one_by_one(&writes, counts)?;
                let advanced =
                    in_transaction(self.connection, |connection| job.advance(connection, claim, &last, counts))?;
                Ok(advanced.then_some(counts))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes rows of which one was refused, to find out which.
    fn one_by_one(&mut self, writes: &[Written], mut counts: Counts) -> Result<Counts, MaintenanceError> {
        for row in writes {
            let write = &self.write;
            let one = std::slice::from_ref(row);
            match in_transaction(self.connection, |connection| connection.run(write.statement(one))) {
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
}

/// What came of writing `wanted` rows, of which `written` still had the value that was read.
fn add(counts: &mut Counts, wanted: usize, written: usize) {
    counts.done += u64::try_from(written).unwrap_or(0);
    counts.changed += u64::try_from(wanted.saturating_sub(written)).unwrap_or(0);
}
