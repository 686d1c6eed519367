//! What the database's errors mean to a key store.

use std::time::{Duration, Instant};

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_encrypted_core::{Field, StoreError, keys::RowKind};

/// A row that no store wrote.
#[derive(Debug, thiserror::Error)]
#[error("a row of `{}` ({row}) has a `{column}` that cannot be", .kind.table())]
pub(super) struct BadRow {
    pub(super) kind: RowKind,
    pub(super) row: String,
    pub(super) column: &'static str,
}

/// On its way through Diesel's error type.
impl From<BadRow> for DieselError {
    fn from(bad: BadRow) -> Self {
        Self::DeserializationError(Box::new(bad))
    }
}

/// Our own error out of Diesel's, or Diesel's own.
pub(super) fn failed(error: DieselError) -> StoreError {
    match error {
        DieselError::DeserializationError(source) => match source.downcast::<BadRow>() {
            Ok(bad) => StoreError::BadRow { kind: bad.kind, row: bad.row, column: bad.column },
            Err(source) => StoreError::Database(source),
        },
        other => StoreError::Database(Box::new(other)),
    }
}

/// What the database said, unless the connection is gone.
fn said(error: DieselError) -> Result<String, StoreError> {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, _) => Err(failed(error)),
        DieselError::DatabaseError(_, detail) => Ok(detail.message().to_owned()),
        error => Err(failed(error)),
    }
}

/// Why no value of a field could be read.
pub(super) fn unreadable(field: &Field, error: DieselError) -> StoreError {
    let (table, column) = (field.table().to_owned(), field.column().to_owned());
    said(error).map_or_else(|other| other, |detail| StoreError::NoColumn { table, column, detail })
}

/// Why the tables could not be made.
pub(super) fn not_made(error: DieselError) -> StoreError {
    said(error).map_or_else(|other| other, |detail| StoreError::TablesMissing { detail })
}

/// Why changes could not be written.
pub(super) fn not_written(error: DieselError) -> StoreError {
    said(error).map_or_else(|other| other, |detail| StoreError::NotWritten { detail })
}

/// Whether changes were not written because another process was first.
pub(super) fn is_conflict(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::NotFound
            | DieselError::DatabaseError(
                DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure,
                _
            )
    )
}

/// Whether the same changes may well be written the next time: a deadlock on PostgreSQL and a lock that was waited for
/// too long have no kind of their own in Diesel, and their messages are in the server's language.
pub(super) fn may_pass(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(DatabaseErrorKind::Unknown, _))
}

/// How often what may pass, and a table that could not be made, is tried. Each time is waited for longer, in [`PAUSE`]s.
pub(super) const TRIES: u32 = 6;

/// How long a database that another process has locked is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How long until it is asked again.
pub(super) const PAUSE: Duration = Duration::from_millis(5);

/// Runs `work` again while the database is locked: SQLite answers at once where servers wait. Outside of a transaction of
/// the caller's, `again` after a serialization failure too.
pub(super) fn patiently<R>(again: bool, mut work: impl FnMut() -> Result<R, DieselError>) -> Result<R, DieselError> {
    let began = Instant::now();
    loop {
        match work() {
            Err(error) if is_passing(&error, again) && began.elapsed() < PATIENCE => {
                std::thread::sleep(PAUSE);
            }
            other => return other,
        }
    }
}

pub(super) fn is_passing(error: &DieselError, again: bool) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => again,
        DieselError::DatabaseError(_, detail) => detail.message().contains("is locked"),
        _ => false,
    }
}
