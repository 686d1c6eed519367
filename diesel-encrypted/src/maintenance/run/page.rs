//! Reading pages, and deciding on their rows beside that.

use std::{ops::ControlFlow, panic, sync::mpsc::sync_channel, thread};

use super::work::Work;
use crate::{
    maintenance::{
        Counts, MaintenanceConnection, MaintenanceError, Reason,
        key::Key,
        patience::patiently,
        rows::{Found, Row, Rows},
        transform::{Outcome, Transform},
        walk::Range,
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
    rows: Rows,
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
        let transform = &*transform;
        let mut rest = Some(range);
        thread::scope(|scope| {
            let (reads, to_decide) = sync_channel(1);
            let (pages, decided) = sync_channel(1);
            let decide = move |read| decide(read, transform, write);
            let beside = thread::Builder::new()
                .spawn_scoped(scope, move || to_decide.into_iter().try_for_each(|read| pages.send(decide(read)).ok()));
            let Ok(beside) = beside else {
                // There are no threads left.
                while let Some(read) = self.read(&mut rest)? {
                    if each(self, decide(read))?.is_break() {
                        break;
                    }
                }
                return Ok(());
            };
            let mut is_deciding = false;
            loop {
                let read = self.read(&mut rest)?;
                let is_read = read.is_some();
                if let Some(read) = read
                    && reads.send(read).is_err()
                {
                    break;
                }
                if is_deciding {
                    let Ok(page) = decided.recv() else { break };
                    if each(self, page)?.is_break() {
                        return Ok(());
                    }
                }
                if !is_read {
                    return Ok(());
                }
                is_deciding = true;
            }
            // The other thread ends before this one only by a panic.
            beside.join().map(drop).unwrap_or_else(|panicked| panic::resume_unwind(panicked));
            Ok(())
        })
    }

    /// The next page of what is left of a range, and nothing of that if there is no other.
    fn read(&mut self, rest: &mut Option<Range>) -> Result<Option<Read>, MaintenanceError> {
        let Some(range) = rest else { return Ok(None) };
        let (mut rows, full) = self.read_rows(range)?;
        let (mut taken, mut bytes, mut changed) = (0, 0, 0);
        for row in &mut rows.rows {
            if row.value.is_long() {
                if bytes > PAGE_BYTES {
                    break;
                }
                match self.read_whole(row.key.clone())? {
                    Some(whole) => *row = whole,
                    None => changed += 1,
                }
            }
            bytes += row.value.len();
            taken += 1;
        }
        let cut = taken < rows.rows.len();
        rows.rows.truncate(taken);
        let last = rows.rows.iter().rev().find_map(|row| row.key.clone().key());
        let ends = last.is_none() || !cut && (!full || last == range.until);
        match ends {
            true => *rest = None,
            false => range.after.clone_from(&last),
        }
        Ok(Some(Read { rows, last, ends, changed }))
    }

    /// The next rows of a range, and whether there are as many as were asked for: fewer at a time while many are long.
    fn read_rows(&mut self, range: &Range) -> Result<(Rows, bool), MaintenanceError> {
        loop {
            let limit = self.page_rows;
            let statement = self.write.walk.page(range, limit, PAGE_BYTES / limit);
            let numbered = self.write.walk.is_numbered();
            let rows = patiently(self.connection, |connection| {
                let mut rows = Rows::with_capacity(limit);
                match numbered {
                    true => connection.each_numbered(statement.clone(), |row| rows.push_numbered(row))?,
                    false => connection.each_walked(statement.clone(), |row| rows.push_walked(row))?,
                }
                Ok(rows)
            })?;
            let found = rows.rows.len();
            let long = rows.rows.iter().filter(|row| row.value.is_long()).count();
            if long * 8 > found && limit > LEAST_ROWS {
                self.page_rows = (limit / 4).max(LEAST_ROWS);
                continue;
            }
            let full = found == limit;
            if full && rows.values.len() < PAGE_BYTES / 4 {
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
        Ok(rows.into_iter().next().map(Row::whole))
    }
}

/// What is to be done with each row, and how that is written.
fn decide(read: Read, transform: &dyn Transform, write: &Write<'_>) -> Page {
    let Read { rows, last, ends, changed } = read;
    let counts = Counts { changed, ..Counts::default() };
    let mut page = Page { last, ends, writes: Vec::new(), statements: Vec::new(), failures: Vec::new(), counts };
    for row in rows.rows {
        let Some(old) = row.value.of(&rows.values) else { continue };
        let outcome = write.walk.owner(&row.owner).and_then(|owner| match write.walk.beside {
            None => transform.change(old, owner.as_ref()),
            Some(_) => transform.compare(old, owner.as_ref(), row.beside.as_deref()),
        });
        // Most rows of some operations are in order, and nobody asks for their keys.
        let key = || row.key.key();
        match outcome {
            Ok(Outcome::Write(new)) => {
                page.writes.extend(key().map(|key| Written { key, old: old.to_vec(), new }));
            }
            Ok(Outcome::Done) => page.counts.done += 1,
            Ok(Outcome::Skip) => page.counts.skipped += 1,
            Err(reason) => {
                let Some(key) = key() else { continue };
                page.counts.failed += 1;
                page.failures.push((key, reason));
            }
        }
    }
    page.statements = write.chunks(&page.writes).map(|rows| (rows.len(), write.statement(rows))).collect();
    page
}
