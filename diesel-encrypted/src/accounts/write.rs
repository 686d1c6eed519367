//! Reading, and writing what is compared with what was read: all of it, or nothing.

use std::time::Instant;

use diesel::{
    QueryResult,
    result::{DatabaseErrorKind, Error as DieselError},
};

use super::{
    connection::{RowColumns, RunAccounts},
    error::AccountError,
    statements::{Columns, Row, Table, Value},
};
use crate::store::{
    failure::{PATIENCE, PAUSE, TRIES, is_passing, may_pass},
    statement::Statement,
};

/// How many rows a statement is to change.
#[derive(Clone, Copy, Debug)]
enum Expected {
    Exactly(usize),
    Any,
}

/// Statements of one transaction.
#[derive(Debug, Default)]
pub(super) struct Writes(Vec<Write>);

#[derive(Debug)]
struct Write {
    statement: Statement,
    expected: Expected,
    /// What it means if the rows are not as expected.
    otherwise: fn() -> AccountError,
}

impl Writes {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// How many statements there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// A statement that changes one row. If it does not, another call was first.
    pub(super) fn one(self, statement: Statement) -> Self {
        self.one_or(statement, || AccountError::Changed)
    }

    /// A statement that changes one row, and what it means if it does not.
    pub(super) fn one_or(mut self, statement: Statement, otherwise: fn() -> AccountError) -> Self {
        self.0.push(Write { statement, expected: Expected::Exactly(1), otherwise });
        self
    }

    /// A statement that changes as many rows as were read. If it does not, another call was first.
    pub(super) fn exactly(mut self, statement: Statement, count: usize) -> Self {
        let otherwise = || AccountError::Changed;
        self.0.push(Write { statement, expected: Expected::Exactly(count), otherwise });
        self
    }

    /// All of these, and then all of those.
    pub(super) fn and(mut self, mut more: Self) -> Self {
        self.0.append(&mut more.0);
        self
    }

    /// A statement that changes as many rows as there are.
    pub(super) fn any(mut self, statement: Statement) -> Self {
        self.0.push(Write { statement, expected: Expected::Any, otherwise: || AccountError::Changed });
        self
    }
}

/// Why statements were not run to the end.
enum Failure {
    /// By what the rows are.
    Rows(AccountError),
    Database(DieselError),
}

impl From<DieselError> for Failure {
    fn from(error: DieselError) -> Self {
        Self::Database(error)
    }
}

/// Reads the rows of `table` that have these values.
pub(super) async fn read<How, C: RunAccounts<How>>(
    connection: &mut C,
    table: &'static Table,
    of: Columns<'_>,
) -> Result<Vec<Row>, AccountError> {
    read_by(connection, table, table.select(of)).await
}

/// Reads the rows that a statement of the columns of `table` gives.
pub(super) async fn read_by<How, C: RunAccounts<How>>(
    connection: &mut C,
    table: &'static Table,
    statement: Statement,
) -> Result<Vec<Row>, AccountError> {
    let rows = select(connection, statement).await?;
    Ok(rows.into_iter().map(|columns| Row::new(table, columns)).collect())
}

/// Reads the rows of `table` that have these values, and one of `among` in a column.
pub(super) async fn read_among<How, C: RunAccounts<How>>(
    connection: &mut C,
    table: &'static Table,
    of: Columns<'_>,
    column: &'static str,
    among: &[Value],
) -> Result<Vec<Row>, AccountError> {
    let rows = select(connection, table.select_among(of, column, among)).await?;
    Ok(rows.into_iter().map(|columns| Row::new(table, columns)).collect())
}

/// Runs a statement that reads, and again while the database is locked.
async fn select<How, C: RunAccounts<How>>(
    connection: &mut C,
    statement: Statement,
) -> Result<Vec<RowColumns>, AccountError> {
    let (again, began) = (!connection.in_transaction()?, Instant::now());
    loop {
        match connection.rows(statement.clone()).await {
            Err(error) if is_passing(&error, again) && began.elapsed() < PATIENCE => connection.pause(PAUSE).await,
            rows => return Ok(rows?),
        }
    }
}

/// How many rows of `table` have these values.
pub(super) async fn count<How, C: RunAccounts<How>>(
    connection: &mut C,
    table: &'static Table,
    of: Columns<'_>,
) -> Result<usize, AccountError> {
    count_by(connection, table.count(of)).await
}

/// How many rows a statement counts that begins as [`Table::count`] does.
pub(super) async fn count_by<How, C: RunAccounts<How>>(
    connection: &mut C,
    statement: Statement,
) -> Result<usize, AccountError> {
    let rows = select(connection, statement).await?;
    let count = rows.first().and_then(|(count, ..)| usize::try_from((*count)?).ok());
    count.ok_or(AccountError::Database(DieselError::NotFound))
}

/// Runs the statements in a transaction, which within one of the caller's is a savepoint, and gives how many rows each
/// changed. Outside of the caller's, what lost to another process is tried again.
pub(super) async fn write<How, C: RunAccounts<How>>(
    connection: &mut C,
    writes: Writes,
) -> Result<Vec<usize>, AccountError> {
    let (again, began) = (!connection.in_transaction()?, Instant::now());
    let mut tries = 1;
    loop {
        match in_transaction(connection, &writes).await {
            Ok(counts) => return Ok(counts),
            Err(Failure::Rows(error)) => return Err(error),
            Err(Failure::Database(error)) if again && is_passing(&error, true) && began.elapsed() < PATIENCE => {
                connection.pause(PAUSE).await;
            }
            Err(Failure::Database(error)) if again && may_pass(&error) && tries < TRIES => {
                connection.pause(PAUSE * tries).await;
                tries += 1;
            }
            Err(Failure::Database(error)) => return Err(error.into()),
        }
    }
}

async fn in_transaction<How, C: RunAccounts<How>>(connection: &mut C, writes: &Writes) -> Result<Vec<usize>, Failure> {
    connection.begin().await?;
    match run_each(connection, writes).await {
        Ok(counts) => {
            connection.commit().await?;
            Ok(counts)
        }
        Err(failure) => match connection.roll_back().await {
            // The database ended the transaction by itself: the first error says why.
            Ok(()) | Err(DieselError::BrokenTransactionManager) => Err(failure),
            Err(rollback) => Err(rollback.into()),
        },
    }
}

async fn run_each<How, C: RunAccounts<How>>(connection: &mut C, writes: &Writes) -> Result<Vec<usize>, Failure> {
    let mut counts = Vec::with_capacity(writes.0.len());
    for Write { statement, expected, otherwise } in &writes.0 {
        match (run(connection, statement).await?, expected) {
            (Some(count), Expected::Any) => counts.push(count),
            (Some(count), Expected::Exactly(expected)) if count == *expected => counts.push(count),
            _ => return Err(Failure::Rows(otherwise())),
        }
    }
    Ok(counts)
}

/// How many rows a statement changed, or `None` if there is a row in its place.
async fn run<How, C: RunAccounts<How>>(connection: &mut C, statement: &Statement) -> QueryResult<Option<usize>> {
    match connection.run(statement.clone()).await {
        Ok(count) => Ok(Some(count)),
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(None),
        Err(error) => Err(error),
    }
}
