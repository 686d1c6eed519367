//! What a run may be told.

use std::time::Duration;

use super::Run;
use crate::maintenance::{
    MaintenanceConnection, MaintenanceError,
    table::Table,
    transform::{Backfill, Decrypt, Operation, Purge, Transform, Verify},
};

#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) batch: usize,
    pub(super) rate: Option<u32>,
    pub(super) lease: Duration,
    pub(super) dry: bool,
    pub(super) stop: bool,
    /// A column, and the text of the value that it has in the rows that are meant.
    pub(super) only: Option<(String, String)>,
}

impl Options {
    /// The rows of a page: with a rate, no more than come within a quarter of the lease, so that waiting does not lose it.
    pub(super) fn page(&self) -> usize {
        let within = |rate: u32| u128::from(rate).saturating_mul(self.lease.as_millis()) / 4000;
        let limit = self.rate.map_or(usize::MAX, |rate| usize::try_from(within(rate)).unwrap_or(usize::MAX));
        limit.clamp(1, self.batch)
    }
}

impl Options {
    /// The condition `wants`, of the rows that are meant.
    pub(super) fn of_rows(&self, table: &Table, wants: String) -> Result<String, MaintenanceError> {
        let Some((column, value)) = &self.only else { return Ok(wants) };
        let bytes = table.bytes("", table.column(column)?);
        Ok(format!("({wants}) AND {bytes} = {}", table.literal(value.as_bytes())))
    }

    /// What tells a job with these options from another over the same column.
    pub(super) fn parameters(&self, transform: &dyn Transform) -> String {
        let only = self.only.iter().map(|(column, value)| format!(" only {column} = {value}"));
        only.fold(transform.parameters(), |parameters, only| parameters + &only)
    }
}

impl<C: MaintenanceConnection, O: Operation> Run<'_, C, O> {
    /// The rows of a page, which are written together: 4000 unless set, at least 1 and at most 10,000, and fewer where their
    /// values are long: some 8 MiB. Memory is what three pages take.
    pub fn batch(mut self, rows: u32) -> Self {
        self.options.batch = usize::try_from(rows).unwrap_or(usize::MAX).clamp(1, 10_000);
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

    /// Only the rows whose `column` of the same table has this value, as the database writes it as text: those of one tenant.
    /// No row may get or lose the value meanwhile.
    pub fn only(mut self, column: &str, value: &str) -> Self {
        self.options.only = Some((column.to_owned(), value.to_owned()));
        self
    }

    /// Stops at the first row that fails, instead of going on with the others.
    pub fn stop_on_failure(mut self) -> Self {
        self.options.stop = true;
        self
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

impl<C: MaintenanceConnection> Run<'_, C, Verify> {
    /// Also compares each value with what stands in this column of the same table, as `backfill` reads it: where values
    /// stand in two columns during a migration. What differs fails with [`Reason::Differs`](crate::maintenance::Reason::Differs).
    pub fn against(mut self, column: &str) -> Self {
        self.operation.against = Some(column.to_owned());
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

impl<C: MaintenanceConnection> Run<'_, C, Verify> {
    /// Opens values also where an index is normalised by a function of the application's own that this program does not
    /// have. Their tags are not compared, and the report says so ([`opened_only`](crate::maintenance::ColumnReport)).
    pub fn opens_only(mut self) -> Self {
        self.operation.opens_only = true;
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
