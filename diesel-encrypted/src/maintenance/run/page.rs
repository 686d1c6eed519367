//! Reading a page, and deciding on its rows.

use super::work::Work;
use crate::maintenance::{
    Counts, Failure, MaintenanceConnection, MaintenanceError, Reason,
    key::Key,
    patience::patiently,
    transform::Outcome,
    walk::{Range, Row},
    write::Written,
};

/// What is to be done with the rows of a page.
#[derive(Default)]
pub(super) struct Page {
    /// The last row.
    pub(super) last: Option<Key>,
    /// Whether it is the last page of its range.
    pub(super) ends: bool,
    pub(super) writes: Vec<Written>,
    pub(super) counts: Counts,
}

impl<C: MaintenanceConnection> Work<'_, C> {
    /// Reads the next page of `range` and decides on its rows.
    pub(super) fn page(&mut self, range: &Range) -> Result<Page, MaintenanceError> {
        let limit = self.options.page();
        let statement = self.write.walk.page(range, limit);
        let rows = patiently(self.connection, |connection| connection.walked(statement.clone()))?;
        let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == limit);
        let mut page = Page { ends: !full, ..Page::default() };
        for columns in rows {
            let Some(row) = Row::new(columns, false) else { continue };
            let key = row.key.clone();
            self.decide(row, &mut page)?;
            page.last = Some(key);
        }
        Ok(page)
    }

    fn decide(&mut self, row: Row, page: &mut Page) -> Result<(), MaintenanceError> {
        let Row { key, value, owner } = row;
        let old = match value {
            Some(value) => value,
            None => {
                let statement = self.write.walk.row(&key);
                let rows = patiently(self.connection, |connection| connection.walked(statement.clone()))?;
                match rows.into_iter().next().and_then(|columns| Row::new(columns, true)?.value) {
                    Some(value) => value,
                    None => {
                        page.counts.changed += 1;
                        return Ok(());
                    }
                }
            }
        };
        let owner = self.write.walk.owner(owner);
        match owner.and_then(|owner| self.transform.change(&old, owner.as_ref())) {
            Ok(Outcome::Write(new)) => page.writes.push(Written { key, old, new }),
            Ok(Outcome::Done) => page.counts.done += 1,
            Ok(Outcome::Skip) => page.counts.skipped += 1,
            Err(reason) => {
                page.counts.failed += 1;
                self.fail(&key, reason)?;
            }
        }
        Ok(())
    }

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
