//! Transactions that are tried again: an application at work gets in the way now and then.

use std::time::{Duration, Instant};

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::MaintenanceConnection;
use crate::store::failure::{PAUSE, is_passing, may_pass};

/// How long a locked SQLite database, or what loses against other transactions, is tried for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often an error that has no kind of its own is tried again: a deadlock on PostgreSQL is one.
const TRIES: u32 = 4;

/// Runs `work` in a transaction, again while others are in the way.
pub(super) fn in_transaction<C: MaintenanceConnection, R>(
    connection: &mut C,
    mut work: impl FnMut(&mut C) -> Result<R, DieselError>,
) -> Result<R, DieselError> {
    patiently(connection, |connection| connection.transaction(&mut work))
}

/// Runs `work`, again while others are in the way.
pub(super) fn patiently<C: MaintenanceConnection, R>(
    connection: &mut C,
    mut work: impl FnMut(&mut C) -> Result<R, DieselError>,
) -> Result<R, DieselError> {
    let began = Instant::now();
    let mut tries = 1;
    loop {
        match work(connection) {
            Err(error) if is_passing(&error, true) && began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(error) if may_pass(&error) && tries < TRIES => {
                std::thread::sleep(PAUSE * tries);
                tries += 1;
            }
            other => return other,
        }
    }
}

/// Whether the database refused what it was given, so that it may take something else over the same connection.
pub(super) fn is_refusal(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, _) => false,
        DieselError::DatabaseError(..) => true,
        _ => false,
    }
}
