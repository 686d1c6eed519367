//! Running an operation, column by column.

mod commit;
mod options;
mod page;
mod plan;
mod work;

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use diesel_encrypted_core::{Binding, Field, Vault};

use commit::Unkept;
use options::Options;
pub(super) use plan::plan;
use plan::{count, know_layer, known_keys};
use work::Work;

use super::{
    ColumnReport, Counts, MaintenanceConnection, MaintenanceError, Progress, Report, Selection,
    header::Header,
    job::{JobName, Standing},
    report::Pace,
    table::Table,
    transform::{Operation, Subject, Transform},
    walk::Walk,
};
use crate::backend::Dialect;

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

impl<'m, C: MaintenanceConnection, O: Operation> Run<'m, C, O> {
    pub(in crate::maintenance) fn new(
        connection: &'m mut C,
        (vault, dialect): (&'m Vault, Dialect),
        selection: &Selection,
        operation: O,
    ) -> Self {
        let options =
            Options { batch: 4000, rate: None, lease: Duration::from_secs(30), dry: false, stop: false, only: None };
        Self { connection, vault, dialect, selection: selection.clone(), operation, options }
    }

    /// Runs, or takes part: other workers with the same operation and selection, on this machine or others, share the work.
    ///
    /// `progress` is called after each page. Where it breaks, the run stops at a checkpoint, and another goes on from there.
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
        if state.user_key && !O::FOR_HOLDERS {
            return Err(MaintenanceError::HolderVault { field: field.id().to_owned(), operation: O::NAME });
        }
        // Each holder has jobs of their own, by their key.
        let holder = state.active.filter(|_| state.user_key);
        let known = known_keys(self.connection, field)?;
        let filtered = self.options.only.is_some();
        let subject = Subject { vault: self.vault.clone(), field, state, known, filtered };
        let transform: Arc<dyn Transform> = Arc::from(self.operation.transform(subject)?);
        know_layer(self.connection, &*transform)?;
        let column = self.column(field, &transform, holder, report, progress)?;
        // A key that came meanwhile may have taken values over.
        know_layer(self.connection, &*transform)?;
        Ok(column)
    }

    fn column(
        &mut self,
        field: &'static Field,
        transform: &Arc<dyn Transform>,
        holder: Option<u32>,
        report: &mut Report,
        progress: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<ColumnReport, MaintenanceError> {
        let table = Table::of(self.connection, self.dialect, field.table())?;
        let mut write = plan(field, &**transform, &table)?;
        write.walk.wants = self.options.of_rows(&table, write.walk.wants)?;
        let mut column = ColumnReport {
            table: field.table().to_owned(),
            column: field.column().to_owned(),
            counts: Counts::default(),
            left: 0,
            external: transform.binding(field) == Binding::External && transform.needs_owner(),
            opened_only: !transform.compares_tags(),
        };
        if column.external {
            column.counts.skipped = count(self.connection, write.walk.count())?;
            return Ok(column);
        }
        let header = Header::new(&table, table.column(field.column())?, field.storage());
        if let Some(forbidden) = transform.forbids(&header, table.column(field.column())?) {
            let wants = self.options.of_rows(&table, forbidden.sql)?;
            let found = Walk { wants, ..write.walk.clone() };
            match count(self.connection, found.count())? {
                0 => {}
                rows => return Err((forbidden.refusal)(rows)),
            }
        }
        let counts_left = transform.tells_what_is_left();
        let mut work = Work {
            connection: self.connection,
            options: &self.options,
            field,
            operation: O::NAME,
            transform: transform.clone(),
            write: &write,
            page_rows: self.options.page(),
            counts: Counts::default(),
            unkept: Unkept::new(),
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
        let job = JobName { operation: O::NAME, field: field.id(), scope: self.vault.scope(), holder };
        let left = work.share(&job)?;
        column.counts = work.counts;
        column.left = match left {
            Some(left) => left,
            None if counts_left => count(work.connection, write.walk.count())?,
            None => 0,
        };
        Ok(column)
    }
}
