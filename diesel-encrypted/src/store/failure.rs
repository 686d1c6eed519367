//! What the database's errors mean to a key store.

use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_encrypted_core::{Field, StoreError};

/// Diesel's own error.
pub(super) fn failed(error: DieselError) -> StoreError {
    StoreError::Database(Box::new(error))
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
pub(crate) fn may_pass(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(DatabaseErrorKind::Unknown, _))
}

/// How often what may pass, and a table that could not be made, is tried. Each time is waited for longer, in [`PAUSE`]s.
pub(crate) const TRIES: u32 = 6;

/// How long a database that another process has locked is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long until it is asked again.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// Whether a statement may well succeed when it runs again at once: while the database is locked, and after a
/// serialization failure if it may run `again`.
pub(crate) fn is_passing(error: &DieselError, again: bool) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => again,
        DieselError::DatabaseError(_, detail) => detail.message().contains("is locked"),
        _ => false,
    }
}
