//! Transactions that are tried again: an application at work gets in the way now and then.

use std::time::{Duration, Instant};

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::MaintenanceConnection;
use crate::{
    backend::Dialect,
    store::{
        failure::{PAUSE, is_passing, may_pass},
        statement::Statement,
    },
};

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

/// For the transaction alone: PostgreSQL does not wait for the disk when it commits, and joins the rows of a page with their
/// table by walking the part of the index that both are in. Other plans look each row up, or read all of the table.
const LAZILY: &str = "SELECT set_config('synchronous_commit', 'off', true), set_config('enable_nestloop', 'off', true), \
                      set_config('enable_hashjoin', 'off', true), set_config('enable_seqscan', 'off', true), \
                      set_config('plan_cache_mode', 'force_generic_plan', true)";

/// [`in_transaction`] without waiting for the disk, where a database can be told so. What a crash of the server loses is the
/// last of them, each as a whole, and the next transaction that does wait waits for all before it.
pub(super) fn lazily<C: MaintenanceConnection, R>(
    connection: &mut C,
    dialect: Dialect,
    mut work: impl FnMut(&mut C) -> Result<R, DieselError>,
) -> Result<R, DieselError> {
    in_transaction(connection, |connection| {
        if dialect == Dialect::Postgres {
            connection.run(&Statement::new().again().sql(LAZILY))?;
        }
        work(connection)
    })
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
