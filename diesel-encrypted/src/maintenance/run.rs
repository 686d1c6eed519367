//! Running an operation: column by column, range by range, page by page.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use diesel::result::Error as DieselError;
use diesel_encrypted_core::{Binding, Field, Vault};

use super::{
    ColumnReport, Counts, Failure, MaintenanceConnection, MaintenanceError, Progress, Reason, Report, Selection,
    header::Header,
    job::{Claim, Job, Next, Standing},
    key::Key,
    patience::{in_transaction, is_refusal, patiently},
    report::Pace,
    table::{Column, Table},
    transform::{Backfill, Decrypt, Operation, Outcome, Purge, Subject, Transform},
    walk::{Range, Row, Walk},
    write::{Action, Write, Written},
};
use crate::{backend::Dialect, store::statement::Statement};

/// The pages of a range: what a worker claims at once, and at most does again if its last checkpoint is lost.
const RANGE_PAGES: i64 = 20;

/// A run that was described and not yet begun.
#[derive(Debug)]
#[must_use = "nothing happens until `run` is called"]
pub struct Run<'m, C, O> {
    connection: &'m mut C,
    vault: &'m Vault,
    dialect: Dialect,
    selection: Selection,
    operation: O,
    options: Options,
}

#[derive(Clone, Debug)]
struct Options {
    batch: i64,
    rate: Option<u32>,
    lease: Duration,
    dry: bool,
    stop: bool,
}

impl Options {
    /// The rows of a page: with a rate, no more than come within a quarter of the lease, so that waiting does not lose it.
    fn page(&self) -> i64 {
        let within =
            |rate: u32| (i64::from(rate)).saturating_mul(i64::try_from(self.lease.as_millis()).unwrap_or(1)) / 4000;
        self.rate.map_or(self.batch, |rate| within(rate).clamp(1, self.batch))
    }
}

impl<'m, C: MaintenanceConnection, O: Operation> Run<'m, C, O> {
    pub(super) fn new(
        connection: &'m mut C,
        (vault, dialect): (&'m Vault, Dialect),
        selection: &Selection,
        operation: O,
    ) -> Self {
        let options = Options { batch: 1000, rate: None, lease: Duration::from_secs(30), dry: false, stop: false };
        Self { connection, vault, dialect, selection: selection.clone(), operation, options }
    }

    /// The rows of a page, which are written together: 1000 unless set, at least 1 and at most 10,000. Memory is what they
    /// take, at most 64 KiB each; longer values are taken one by one.
    pub fn batch(mut self, rows: u32) -> Self {
        self.options.batch = i64::from(rows.clamp(1, 10_000));
        self
    }

    /// At most so many rows a second, of this worker. No limit unless set.
    pub fn rate(mut self, rows_a_second: u32) -> Self {
        self.options.rate = Some(rows_a_second.max(1));
        self
    }

    /// How long a range belongs to a worker that is not heard of, by the database's clock: 30 seconds unless set. Longer
    /// than a page ever takes, or two workers do the same rows, which costs time and nothing else.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.options.lease = lease;
        self
    }

    /// Writes nothing, not even how far it is: opens and seals what it would, and counts.
    pub fn dry_run(mut self) -> Self {
        self.options.dry = true;
        self
    }

    /// Stops at the first row that fails, instead of going on with the others.
    pub fn stop_on_failure(mut self) -> Self {
        self.options.stop = true;
        self
    }

    /// Runs, or takes part: other workers with the same operation and selection, on this machine or others, share the work.
    ///
    /// `progress` is called after each page, at a checkpoint. Where it breaks, the run stops, and another goes on from there.
    ///
    /// # Errors
    /// [`MaintenanceError`]: each says what to do. What failed for one row alone is in the report.
    pub fn run(
        mut self,
        mut progress: impl FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Report, MaintenanceError> {
        let fields = self.selection.fields(self.vault)?;
        if let Some(option) = self.operation.for_one_column()
            && fields.len() != 1
        {
            return Err(MaintenanceError::OneColumn { option, columns: fields.len() });
        }
        let mut report = Report::default();
        for field in fields {
            let column = self.field(field, &mut report, &mut progress)?;
            report.columns.push(column);
            if report.cancelled {
                break;
            }
        }
        Ok(report)
    }

    fn field(
        &mut self,
        field: &'static Field,
        report: &mut Report,
        progress: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<ColumnReport, MaintenanceError> {
        let state = self.vault.field_state(field)?;
        let known = known_keys(self.connection, field)?;
        let subject = Subject { vault: self.vault.clone(), field, state, known };
        let transform = self.operation.transform(subject)?;
        let table = Table::of(self.connection, self.dialect, field.table())?;
        let write = plan(field, &*transform, &table)?;
        let mut column = ColumnReport {
            table: field.table().to_owned(),
            column: field.column().to_owned(),
            counts: Counts::default(),
            left: 0,
            external: field.declared_binding() == Binding::External && transform.needs_owner(),
        };
        if column.external {
            column.counts.skipped = count(self.connection, write.walk.count())?;
            return Ok(column);
        }
        let header = Header::new(&table, table.column(field.column())?, field.storage());
        if let Some(forbidden) = transform.forbids(&header, table.column(field.column())?) {
            let found = Walk { wants: forbidden.sql, ..write.walk.clone() };
            match count(self.connection, found.count())? {
                0 => {}
                rows => return Err((forbidden.refusal)(rows)),
            }
        }
        let counts_left = transform.action().is_some();
        let mut work = Work {
            connection: self.connection,
            options: &self.options,
            field,
            operation: O::NAME,
            transform,
            write,
            counts: Counts::default(),
            standing: Standing::default(),
            pace: Pace::new(0),
            report,
            progress,
        };
        if work.options.dry {
            work.dry()?;
            column.counts = work.counts;
            return Ok(column);
        }
        let scope = self.vault.scope();
        let left = work.share(scope)?;
        column.counts = work.counts;
        column.left = match left {
            Some(left) => left,
            None if counts_left => count(work.connection, work.write.walk.count())?,
            None => 0,
        };
        Ok(column)
    }
}

impl<C: MaintenanceConnection> Run<'_, C, Backfill> {
    /// Seals what stands in this column of the same table, into the encrypted one where that is NULL.
    pub fn from(mut self, column: &str) -> Self {
        self.operation.from = Some(column.to_owned());
        self
    }

    /// Seals plaintext in this column, though its model refuses plaintext: whoever planted it makes it authentic so.
    pub fn seal_plaintext_of(mut self, table: &str, column: &str) -> Self {
        self.operation.strict.push((table.to_owned(), column.to_owned()));
        self
    }
}

impl<C: MaintenanceConnection> Run<'_, C, Decrypt> {
    /// Writes into this column of the same table where it is NULL, and leaves the encrypted one as it is.
    pub fn into(mut self, column: &str) -> Self {
        self.operation.into = Some(column.to_owned());
        self
    }
}

impl<C: MaintenanceConnection> Run<'_, C, Purge> {
    /// Also values of this key, which `encryption_keys` does not have any more. Can be called more than once.
    pub fn key(mut self, key_id: u32) -> Self {
        self.operation.keys.push(key_id);
        self
    }

    /// Deletes the rows, instead of setting the values to NULL.
    pub fn rows(mut self) -> Self {
        self.operation.rows = true;
        self
    }
}

/// How the rows of a field are read and written.
fn plan<'t>(field: &Field, transform: &dyn Transform, table: &'t Table) -> Result<Write<'t>, MaintenanceError> {
    let own = table.column(field.column())?;
    let header = Header::new(table, own, field.storage());
    let named = |columns: &[&str]| columns.iter().map(|name| table.column(name)).collect::<Result<Vec<&Column>, _>>();
    let key = named(field.declared_primary_key())?;
    if key.is_empty() {
        return Err(MaintenanceError::NoPrimaryKey { table: field.table().to_owned() });
    }
    let owner = match field.declared_binding() {
        Binding::Columns(columns) if transform.needs_owner() => named(columns)?,
        _ => Vec::new(),
    };
    let column = transform.reads().map_or(Ok(own), |name| table.column(name))?;
    let target = transform.writes().map(|name| table.column(name)).transpose()?;
    let wants = transform.wants(&header, table)?;
    let as_bytes = match transform.writes() {
        Some(name) if name != field.column() => field.class() == diesel_encrypted_core::Class::Bytes,
        _ => field.storage() == diesel_encrypted_core::Storage::Binary,
    };
    let walk = Walk { table, key, column, owner, wants };
    Ok(Write { walk, action: transform.action().unwrap_or(Action::Set), target, as_bytes })
}

fn count<C: MaintenanceConnection>(connection: &mut C, statement: Statement) -> Result<u64, MaintenanceError> {
    let rows = patiently(connection, |connection| connection.groups(statement.clone()))?;
    Ok(rows.first().map_or(0, |(_, count, _)| u64::try_from(*count).unwrap_or(0)))
}

/// The ids of a field's keys in this database, of whatever scope. They are not authenticated, and decide nothing but what
/// is reported.
fn known_keys<C: MaintenanceConnection>(connection: &mut C, field: &Field) -> Result<Vec<u32>, MaintenanceError> {
    let statement = Statement::each(|dialect| {
        let select = match dialect {
            Dialect::Postgres => "SELECT ''::bytea, key_id, 0::bigint FROM encryption_keys WHERE name = ",
            Dialect::Sqlite | Dialect::Mysql => "SELECT x'', key_id, 0 FROM encryption_keys WHERE name = ",
        };
        Statement::new().sql(select).bytes(field.id().as_bytes())
    });
    let rows = patiently(connection, |connection| connection.groups(statement.clone()))?;
    Ok(rows.into_iter().filter_map(|(_, id, _)| u32::try_from(id).ok()).collect())
}

/// One column that is worked on.
struct Work<'w, C> {
    connection: &'w mut C,
    options: &'w Options,
    field: &'static Field,
    operation: &'static str,
    transform: Box<dyn Transform>,
    write: Write<'w>,
    /// What this process did.
    counts: Counts,
    /// How far all workers were when the last range was claimed, without what this one did since.
    standing: Standing,
    pace: Pace,
    report: &'w mut Report,
    progress: &'w mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
}

/// What is to be done with the rows of a page.
#[derive(Default)]
struct Page {
    /// The last row.
    last: Option<Key>,
    /// Whether it is the last page of its range.
    ends: bool,
    writes: Vec<Written>,
    counts: Counts,
}

impl<C: MaintenanceConnection> Work<'_, C> {
    /// The whole table, without writing.
    fn dry(&mut self) -> Result<(), MaintenanceError> {
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
    fn share(&mut self, scope: Option<&[u8]>) -> Result<Option<u64>, MaintenanceError> {
        let job = Job::new(
            self.write.walk.table.dialect,
            (self.operation, self.field.id()),
            scope,
            self.transform.parameters(),
            self.options.lease,
        );
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

    /// Reads the next page of `range` and decides on its rows.
    fn page(&mut self, range: &Range) -> Result<Page, MaintenanceError> {
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
        let owner = match self.write.walk.owner.is_empty() {
            true => Ok(None),
            false => Key::parse(owner).and_then(|owner| owner.owner().ok()).map(Some).ok_or(Reason::NoOwner),
        };
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

    fn fail(&mut self, key: &Key, reason: Reason) -> Result<(), MaintenanceError> {
        let (table, column) = (self.field.table().to_owned(), self.field.column().to_owned());
        let failure = Failure { table, column, key: key.to_string(), reason };
        if self.options.stop {
            return Err(MaintenanceError::Failed(Box::new(failure)));
        }
        self.report.fail(failure);
        Ok(())
    }

    /// Writes a page and keeps that it is done, in one transaction. `None` if the range belongs to another worker by now:
    /// then nothing was written.
    fn commit(&mut self, job: &Job, claim: &Claim, page: Page) -> Result<Option<Counts>, MaintenanceError> {
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

/// What came of writing `wanted` rows, of which `written` still had the value that was read.
fn add(counts: &mut Counts, wanted: usize, written: usize) {
    counts.done += u64::try_from(written).unwrap_or(0);
    counts.changed += u64::try_from(wanted.saturating_sub(written)).unwrap_or(0);
}
