//! Reading pages, and deciding on their rows beside that.

use std::{ops::ControlFlow, panic, sync::Mutex, thread};

use super::work::Work;
use crate::{
    maintenance::{
        Counts, MaintenanceConnection, MaintenanceError, Reason,
        key::Key,
        patience::patiently,
        transform::{Outcome, Transform},
        walk::{Found, Range, Row},
        write::{Write, Written},
    },
    store::statement::Statement,
};

/// The bytes of values that are read at once. Where a page has longer values than its rows may have on average, they are read
/// one by one, until they are so many.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// The rows of a page that are not made fewer however long their values are.
const LEAST_ROWS: usize = 16;

/// A page as it was read.
struct Read {
    rows: Vec<Row>,
    /// The last row.
    last: Option<Key>,
    /// Whether it is the last page of its range.
    ends: bool,
    /// Long values that were written between being met and being read.
    changed: u64,
}

/// What is to be done with the rows of a page.
pub(super) struct Page {
    pub(super) last: Option<Key>,
    pub(super) ends: bool,
    pub(super) writes: Vec<Written>,
    /// They in statements, each with its number of rows.
    pub(super) statements: Vec<(usize, Statement)>,
    pub(super) failures: Vec<(Key, Reason)>,
    pub(super) counts: Counts,
}

impl<C: MaintenanceConnection> Work<'_, C> {
    /// Goes through `range` page by page, until `each` breaks. While a page is decided on, the one before it is with `each`
    /// and the one behind it is read.
    pub(super) fn pages(
        &mut self,
        range: Range,
        mut each: impl FnMut(&mut Self, Page) -> Result<ControlFlow<()>, MaintenanceError>,
    ) -> Result<(), MaintenanceError> {
        let (transform, write) = (self.transform.clone(), self.write);
        let mut rest = Some(range);
        let mut read = self.read(&mut rest)?;
        let mut decided = None;
        while read.is_some() || decided.is_some() {
            let waiting = Mutex::new(read.take());
            let decide = || waiting.lock().ok()?.take().map(|read| decide(read, &*transform, write));
            let flow = thread::scope(|scope| {
                let beside = thread::Builder::new().spawn_scoped(scope, decide);
                if let Some(page) = decided.take()
                    && each(self, page)?.is_break()
                {
                    return Ok(ControlFlow::Break(()));
                }
                read = self.read(&mut rest)?;
                decided = match beside {
                    Ok(page) => page.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)),
                    // There are no threads left.
                    Err(_) => decide(),
                };
                Ok::<_, MaintenanceError>(ControlFlow::Continue(()))
            })?;
            if flow.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next page of what is left of a range, and nothing of that if there is no other.
    fn read(&mut self, rest: &mut Option<Range>) -> Result<Option<Read>, MaintenanceError> {
        let Some(range) = rest else { return Ok(None) };
        let (mut rows, full) = self.read_rows(range)?;
        let (mut taken, mut bytes, mut changed) = (0, 0, 0);
        for row in &mut rows {
            if row.value.is_none() {
                if bytes > PAGE_BYTES {
                    break;
                }
                match self.read_whole(row.key.clone())? {
                    Some(whole) => *row = whole,
                    None => changed += 1,
                }
            }
            bytes += row.value.as_ref().map_or(0, Vec::len);
            taken += 1;
        }
        let cut = taken < rows.len();
        rows.truncate(taken);
        let last = rows.iter().rev().find_map(|row| row.key.clone().key());
        let ends = last.is_none() || !cut && (!full || last == range.until);
        match ends {
            true => *rest = None,
            false => range.after.clone_from(&last),
        }
        Ok(Some(Read { rows, last, ends, changed }))
    }

    /// The next rows of a range, and whether there are as many as were asked for: fewer at a time while many are long.
    fn read_rows(&mut self, range: &Range) -> Result<(Vec<Row>, bool), MaintenanceError> {
        loop {
            let limit = self.page_rows;
            let statement = self.write.walk.page(range, limit, PAGE_BYTES / limit);
            let numbered = self.write.walk.is_numbered();
            let rows: Vec<Row> = patiently(self.connection, |connection| match numbered {
                true => Ok(connection.numbered(statement.clone())?.into_iter().map(Row::from).collect()),
                false => Ok(connection.walked(statement.clone())?.into_iter().map(Row::from).collect()),
            })?;
            let long = rows.iter().filter(|row| row.value.is_none()).count();
            if long * 8 > rows.len() && limit > LEAST_ROWS {
                self.page_rows = (limit / 4).max(LEAST_ROWS);
                continue;
            }
            let bytes: usize = rows.iter().filter_map(|row| row.value.as_ref()).map(Vec::len).sum();
            let full = rows.len() == limit;
            if full && bytes < PAGE_BYTES / 4 {
                self.page_rows = (limit * 2).min(self.options.page());
            }
            return Ok((rows, full));
        }
    }

    /// A row of a long value, if it still needs work.
    fn read_whole(&mut self, key: Found) -> Result<Option<Row>, MaintenanceError> {
        let Some(key) = key.key() else { return Ok(None) };
        let statement = self.write.walk.row(&key);
        let rows = patiently(self.connection, |connection| connection.walked(statement.clone()))?;
        Ok(rows.into_iter().next().map(Row::from))
    }
}

/// What is to be done with each row, and how that is written.
fn decide(read: Read, transform: &dyn Transform, write: &Write<'_>) -> Page {
    let Read { rows, last, ends, changed } = read;
    let counts = Counts { changed, ..Counts::default() };
    let mut page = Page { last, ends, writes: Vec::new(), statements: Vec::new(), failures: Vec::new(), counts };
    for Row { key, value, owner, beside } in rows {
        let (Some(key), Some(old)) = (key.key(), value) else { continue };
        let owner = write.walk.owner(owner);
        let outcome = owner.and_then(|owner| match write.walk.beside {
            None => transform.change(&old, owner.as_ref()),
            Some(_) => transform.compare(&old, owner.as_ref(), beside.as_deref()),
        });
        match outcome {
            Ok(Outcome::Write(new)) => page.writes.push(Written { key, old, new }),
            Ok(Outcome::Done) => page.counts.done += 1,
            Ok(Outcome::Skip) => page.counts.skipped += 1,
            Err(reason) => {
                page.counts.failed += 1;
                page.failures.push((key, reason));
            }
        }
    }
    page.statements = write.chunks(&page.writes).map(|rows| (rows.len(), write.statement(rows))).collect();
    page
}
