//! A job of the library's maintenance, with the options that the commands share.

use std::{
    ops::ControlFlow,
    sync::{Mutex, PoisonError},
    thread,
};

use clap::Args;
use diesel_encrypted::{
    Field, Vault,
    maintenance::{
        ColumnReport, Maintenance, MaintenanceConnection, MaintenanceError, Operation, Progress, Report, Run, Selection,
    },
};
use serde::Serialize;

use crate::{
    context::Context,
    exit::{Exit, Failure, Result},
    interrupt,
    output::{table, tell},
    progress::Board,
};

/// What is told of a job's progress, and may stop it.
pub(crate) type Watch<'w> = &'w mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>;

/// Which columns, and how.
#[derive(Args, Clone, Debug)]
pub(crate) struct JobOptions {
    /// Tables, or columns as TABLE.COLUMN. Unless given, every encrypted column
    columns: Vec<String>,

    /// Say what would be done, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Rows that are read and written together, 4000 unless given
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: Option<u32>,

    /// At most so many rows a second, of all workers of this command together
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,

    /// Connections that share the work. The same command on another machine shares it too
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    workers: u32,

    /// Only rows whose column of the same table has this value, as text: those of one tenant, with --scope
    #[arg(long, value_name = "COLUMN=VALUE")]
    only: Option<String>,

    /// Stop at the first row that fails, instead of going on with the others
    #[arg(long)]
    stop_on_failure: bool,
}

/// What is done to values.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    Backfill { from: Option<String>, plaintext_of: Vec<(String, String)> },
    Rotate,
    Reindex,
    Decrypt { into: Option<String> },
    Verify { against: Option<String>, open_only: bool },
    Purge { keys: Vec<u32>, rows: bool },
}

/// A job that was described and not yet begun.
#[derive(Debug)]
pub(crate) struct Job {
    task: Task,
    selection: Selection,
    options: JobOptions,
}

impl JobOptions {
    /// The fields that are meant.
    pub(crate) fn fields(&self, vault: &Vault) -> Result<Vec<&'static Field>> {
        let is_named = |field: &Field, name: &str| name == field.table() || name == column_name(field);
        for name in &self.columns {
            if !vault.fields().any(|field| is_named(field, name)) {
                let known: Vec<String> = vault.fields().map(column_name).collect();
                return Err(Failure::usage(format!(
                    "{name} is no encrypted column, and no table with one. There are: {}",
                    known.join(", ")
                )));
            }
        }
        let is_selected =
            |field: &&Field| self.columns.is_empty() || self.columns.iter().any(|name| is_named(field, name));
        Ok(vault.fields().filter(is_selected).collect())
    }

    /// Does `task` to the values of these columns, and reports it.
    pub(crate) fn run(&self, context: &Context, vault: &Vault, task: Task) -> Result<Exit> {
        let fields = self.fields(vault)?;
        let selection =
            fields.iter().fold(Selection::all(), |selection, field| selection.column(field.table(), field.column()));
        if self.only.as_ref().is_some_and(|only| !only.contains('=')) {
            return Err(Failure::usage("--only takes a column and its value: COLUMN=VALUE"));
        }
        if fields.is_empty() {
            return Err(Failure::failed(
                "this database has no encrypted column: no vault was opened over it with a model",
            ));
        }
        let job = Job { task, selection, options: self.clone() };
        interrupt::notice()?;
        let board = Mutex::new(Board::new());
        let report = job.share(context, vault, &board);
        board.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let report = Reported::new(&report?, self.dry_run);
        report.tell_failures();
        context.output.result(&report, || report.text())?;
        Ok(report.exit())
    }
}

/// The field's column, as commands take it.
pub(crate) fn column_name(field: &Field) -> String {
    format!("{}.{}", field.table(), field.column())
}

impl Job {
    /// Runs over one connection for each worker.
    fn share(&self, context: &Context, vault: &Vault, board: &Mutex<Board>) -> Result<Report> {
        let work = || -> Result<Report> {
            let mut watch = |progress: &Progress<'_>| {
                board.lock().unwrap_or_else(PoisonError::into_inner).show(progress);
                if interrupt::was_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            Ok(context.connect()?.maintain(vault, self, &mut watch)?)
        };
        // A dry run shares nothing: each worker would walk the whole table.
        if self.options.workers == 1 || self.options.dry_run {
            return work();
        }
        let reports: Vec<Result<Report>> = thread::scope(|scope| {
            let workers: Vec<_> = (0..self.options.workers).map(|_| scope.spawn(work)).collect();
            let ended = |worker: thread::ScopedJoinHandle<'_, Result<Report>>| {
                worker.join().unwrap_or_else(|_| Err(Failure::failed("a worker ended without a report")))
            };
            workers.into_iter().map(ended).collect()
        });
        let mut all = Report::default();
        for report in reports {
            add(&mut all, report?);
        }
        Ok(all)
    }

    /// Runs over the connection that `maintenance` is over.
    pub(crate) fn run<C: MaintenanceConnection>(
        &self,
        mut maintenance: Maintenance<'_, C>,
        watch: Watch<'_>,
    ) -> std::result::Result<Report, MaintenanceError> {
        match &self.task {
            Task::Backfill { from, plaintext_of } => {
                let run = maintenance.backfill(&self.selection);
                let run = plaintext_of.iter().fold(run, |run, (table, column)| run.seal_plaintext_of(table, column));
                match from {
                    Some(from) => self.drive(run.from(from), watch),
                    None => self.drive(run, watch),
                }
            }
            Task::Rotate => self.drive(maintenance.rotate(&self.selection), watch),
            Task::Reindex => self.drive(maintenance.reindex(&self.selection), watch),
            Task::Decrypt { into } => {
                let run = maintenance.decrypt(&self.selection);
                match into {
                    Some(into) => self.drive(run.into(into), watch),
                    None => self.drive(run, watch),
                }
            }
            Task::Verify { against, open_only } => {
                let run = maintenance.verify(&self.selection);
                let run = if *open_only { run.opens_only() } else { run };
                match against {
                    Some(against) => self.drive(run.against(against), watch),
                    None => self.drive(run, watch),
                }
            }
            Task::Purge { keys, rows } => {
                let run = keys.iter().fold(maintenance.purge(&self.selection), |run, key| run.key(*key));
                if *rows { self.drive(run.rows(), watch) } else { self.drive(run, watch) }
            }
        }
    }

    fn drive<C: MaintenanceConnection, O: Operation>(
        &self,
        run: Run<'_, C, O>,
        watch: Watch<'_>,
    ) -> std::result::Result<Report, MaintenanceError> {
        let mut run = match self.options.batch {
            Some(batch) => run.batch(batch),
            None => run,
        };
        if let Some(rate) = self.options.rate {
            run = run.rate(rate.div_ceil(self.options.workers));
        }
        if let Some((column, value)) = self.options.only.as_deref().and_then(|only| only.split_once('=')) {
            run = run.only(column, value);
        }
        if self.options.dry_run {
            run = run.dry_run();
        }
        if self.options.stop_on_failure {
            run = run.stop_on_failure();
        }
        run.run(watch)
    }
}

/// Adds what another worker did.
fn add(all: &mut Report, other: Report) {
    for column in other.columns {
        let same = |known: &&mut ColumnReport| (&known.table, &known.column) == (&column.table, &column.column);
        match all.columns.iter_mut().find(same) {
            Some(known) => {
                known.counts += column.counts;
                known.left = known.left.min(column.left);
            }
            None => all.columns.push(column),
        }
    }
    all.failures.extend(other.failures);
    all.cancelled |= other.cancelled;
}

/// What came of a job.
#[derive(Serialize)]
struct Reported {
    dry_run: bool,
    interrupted: bool,
    columns: Vec<Column>,
    /// The first 1000 of each worker.
    failures: Vec<Failed>,
    #[serde(skip)]
    clean: bool,
}

#[derive(Serialize)]
struct Column {
    column: String,
    done: u64,
    skipped: u64,
    changed: u64,
    failed: u64,
    left: u64,
    /// Bound to what only the application knows, and left out.
    external: bool,
    /// Opened, and their tags not compared.
    opened_only: bool,
}

#[derive(Serialize)]
struct Failed {
    column: String,
    row: String,
    reason: String,
}

impl Reported {
    fn new(report: &Report, dry_run: bool) -> Self {
        let column = |column: &ColumnReport| Column {
            column: format!("{}.{}", column.table, column.column),
            done: column.counts.done,
            skipped: column.counts.skipped,
            changed: column.counts.changed,
            failed: column.counts.failed,
            left: column.left,
            external: column.external,
            opened_only: column.opened_only,
        };
        let failed = |failure: &diesel_encrypted::maintenance::Failure| Failed {
            column: format!("{}.{}", failure.table, failure.column),
            row: failure.key.clone(),
            reason: failure.reason.to_string(),
        };
        Self {
            dry_run,
            interrupted: report.cancelled,
            columns: report.columns.iter().map(column).collect(),
            failures: report.failures.iter().map(failed).collect(),
            // What a dry run leaves is what it was asked to count.
            clean: match dry_run {
                true => report.columns.iter().all(|column| column.counts.failed == 0 && !column.external),
                false => report.is_clean(),
            },
        }
    }

    fn tell_failures(&self) {
        for failure in &self.failures {
            tell(&format!("{}, row {}: {}", failure.column, crate::output::printable(&failure.row), failure.reason));
        }
    }

    fn text(&self) -> String {
        let number = |number: u64| if number == 0 { "-".to_owned() } else { number.to_string() };
        let rows: Vec<_> = self
            .columns
            .iter()
            .map(|column| {
                let name = match column {
                    Column { external: true, .. } => format!("{} (left out)", column.column),
                    Column { opened_only: true, .. } => format!("{} (opened only)", column.column),
                    _ => column.column.clone(),
                };
                let Column { done, skipped, changed, failed, left, .. } = column;
                [name, done.to_string(), number(*skipped), number(*changed), number(*failed), number(*left)]
            })
            .collect();
        let mut text = table(["COLUMN", "DONE", "SKIPPED", "CHANGED", "FAILED", "LEFT"], &rows);
        if self.dry_run {
            text.push_str("nothing was written\n");
        }
        if self.columns.iter().any(|column| column.external) {
            text.push_str(
                "columns that are left out are bound to what only the application knows: its own program does them\n",
            );
        }
        if self.columns.iter().any(|column| column.opened_only) {
            text.push_str(
                "the values of columns marked \"opened only\" open; their tags were not compared, since a function of the \
                 application's own makes them: its own program compares them\n",
            );
        }
        text
    }

    const fn exit(&self) -> Exit {
        match (self.interrupted, self.clean) {
            (true, _) => Exit::Interrupted,
            (false, true) => Exit::Done,
            (false, false) => Exit::Found,
        }
    }
}
