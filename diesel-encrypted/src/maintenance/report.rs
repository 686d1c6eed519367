//! What came of a run: counts for each column, and each failure with its row, never with a value.

use std::{
    fmt,
    time::{Duration, Instant},
};

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_encrypted_core::ValueError;

/// How many failures a report keeps. All are counted, and all are logged.
const KEPT: usize = 1000;

/// What came of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Written, or found in order by `verify`; by a dry run, what would be.
    pub done: u64,
    /// Left alone: of another scope or another holder, or plaintext where it is accepted.
    pub skipped: u64,
    /// Written by the application between being read and being written here. They are looked at again.
    pub changed: u64,
    /// Not done, for a reason that the report has.
    pub failed: u64,
}

impl Counts {
    /// The rows that were looked at.
    #[must_use]
    pub const fn seen(&self) -> u64 {
        self.done + self.skipped + self.changed + self.failed
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.done += other.done;
        self.skipped += other.skipped;
        self.changed += other.changed;
        self.failed += other.failed;
    }
}

/// A row that was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The primary key, as SQL would write it: `42`, or `'ada', 3`.
    pub key: String,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}, row {}: {}", self.table, self.column, self.key, self.reason)
    }
}

/// Why a row was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The value does not open, or cannot be sealed.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// It has the form of a sealed value, and its key is not in this database.
    #[error(
        "it looks sealed and names a key that encryption_keys does not have: sealed elsewhere, or plaintext that looks so. \
         It was left as it is"
    )]
    LooksSealed,
    /// Another column holds another value, or only one of the two is NULL.
    #[error("the column that it is compared with holds another value, or one of the two is NULL")]
    Differs,
    /// What it is bound to is NULL, or of a type that no owner has.
    #[error("a column that it is bound to is NULL, or of a type that no owner has")]
    NoOwner,
    /// The database refused the new value: a constraint, a trigger, a column that is too narrow.
    #[error("the database refused the new value ({kind}{})", .constraint.as_deref().map(|name| format!(" by `{name}`")).unwrap_or_default())]
    Refused {
        /// What kind of refusal.
        kind: String,
        /// The constraint, where the database names it.
        constraint: Option<String>,
    },
}

impl Reason {
    /// The database's own message is left out: it may quote a value.
    pub(super) fn refused(error: &DieselError) -> Self {
        let (kind, constraint) = match error {
            DieselError::DatabaseError(kind, detail) => (kind_name(kind), detail.constraint_name().map(str::to_owned)),
            _ => ("error", None),
        };
        Self::Refused { kind: kind.to_owned(), constraint }
    }
}

fn kind_name(kind: &DatabaseErrorKind) -> &'static str {
    match kind {
        DatabaseErrorKind::UniqueViolation => "unique violation",
        DatabaseErrorKind::CheckViolation => "check violation",
        DatabaseErrorKind::NotNullViolation => "not null violation",
        DatabaseErrorKind::ForeignKeyViolation => "foreign key violation",
        _ => "its log has the message",
    }
}

/// What came of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnReport {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// What this process did. Other workers have counts of their own.
    pub counts: Counts,
    /// The rows that still need work at the end: those that failed, and those that were written since as they were before.
    /// 0 after `verify`, which changes nothing.
    pub left: u64,
    /// Whether the column was left out: its values are bound to what only the application knows.
    pub external: bool,
    /// Whether values were opened and their tags not compared, as [`opens_only`](super::Run::opens_only) allows: they are made
    /// by a function of the application's own.
    pub opened_only: bool,
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Report {
    /// Each column, in the order in which they were done.
    pub columns: Vec<ColumnReport>,
    /// The first 1000 failures.
    pub failures: Vec<Failure>,
    /// Whether it was stopped by its callback before the end.
    pub cancelled: bool,
}

impl Report {
    /// Whether it came to the end, nothing failed, nothing is left and no column was left out.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let clean = |column: &ColumnReport| column.counts.failed == 0 && column.left == 0 && !column.external;
        !self.cancelled && self.columns.iter().all(clean)
    }

    /// All columns together.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.columns.iter().for_each(|column| counts += column.counts);
        counts
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        tracing::warn!(%failure, "a row was not done");
        if self.failures.len() < KEPT {
            self.failures.push(failure);
        }
    }
}

/// How far a run is, after a page.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// `rotate`, `backfill` and so on.
    pub operation: &'static str,
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The rows of this column that needed work when the job began: about, of a large table of PostgreSQL, which is sampled.
    pub total: u64,
    /// How many of them all workers have looked at.
    pub seen: u64,
    /// What this process did of this column.
    pub counts: Counts,
    /// Rows a second, of all workers, since this process took part.
    pub rate: f64,
    /// The time that the rest takes at this rate. `None` until there is a rate.
    pub left: Option<Duration>,
}

/// What rates are made of.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    seen_before: u64,
}

impl Pace {
    pub(super) fn new(seen_before: u64) -> Self {
        Self { began: Instant::now(), seen_before }
    }

    pub(super) fn rate(&self, seen: u64) -> f64 {
        let seconds = self.began.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rows = seen.saturating_sub(self.seen_before) as f64;
        if seconds > 0.0 { rows / seconds } else { 0.0 }
    }

    pub(super) fn left(rate: f64, rows: u64) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let seconds = rows as f64 / rate;
        Duration::try_from_secs_f64(seconds).ok()
    }
}
