//! The statements that a table's rows are read and written by.

use super::{connection::RowColumns, error::AccountError};
use crate::backend::Dialect;
use crate::store::statement::Statement;

/// A table: its name, and the columns that are read of it.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// No more than four.
    pub(super) numbers: &'static [&'static str],
    /// No more than eight.
    pub(super) bytes: &'static [&'static str],
}

/// What a column is to be.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Number(i64),
    Bytes(Vec<u8>),
    Null,
}

/// Columns with what they are to be.
pub(super) type Columns<'a> = &'a [(&'static str, Value)];

impl Table {
    /// Reads the rows that have these values.
    pub(super) fn select(&self, of: Columns<'_>) -> Statement {
        let mut statement = Statement::new().sql("SELECT ");
        for at in 0..4 {
            statement = match self.numbers.get(at) {
                Some(column) => statement.sql(column),
                None => statement.words(no_number),
            }
            .sql(", ");
        }
        for at in 0..8 {
            statement = match self.bytes.get(at) {
                Some(column) => statement.sql(column),
                None => statement.words(no_bytes),
            }
            .sql(if at < 7 { ", " } else { " FROM " });
        }
        statement.sql(self.name).where_each(of)
    }

    /// Counts the rows that have these values, into the first number of a row.
    pub(super) fn count(&self, of: Columns<'_>) -> Statement {
        let mut statement = Statement::new().sql("SELECT count(*)");
        for _ in 1..4 {
            statement = statement.sql(", ").words(no_number);
        }
        for _ in 0..8 {
            statement = statement.sql(", ").words(no_bytes);
        }
        statement.sql(" FROM ").sql(self.name).where_each(of)
    }

    pub(super) fn insert(&self, values: Columns<'_>) -> Statement {
        let mut statement = Statement::new().sql("INSERT INTO ").sql(self.name);
        for (before, (column, _)) in [" ("].into_iter().chain(std::iter::repeat(", ")).zip(values) {
            statement = statement.sql(before).sql(column);
        }
        for (before, (_, value)) in [") VALUES ("].into_iter().chain(std::iter::repeat(", ")).zip(values) {
            statement = statement.sql(before).value(value);
        }
        statement.sql(")")
    }

    /// Rows that all have the same columns.
    pub(super) fn insert_all(&self, rows: &[Vec<(&'static str, Value)>]) -> Statement {
        let mut statement = Statement::new().sql("INSERT INTO ").sql(self.name);
        let columns = rows.first().map(Vec::as_slice).unwrap_or_default();
        for (before, (column, _)) in [" ("].into_iter().chain(std::iter::repeat(", ")).zip(columns) {
            statement = statement.sql(before).sql(column);
        }
        for (before, row) in [") VALUES ("].into_iter().chain(std::iter::repeat("), (")).zip(rows) {
            statement = statement.sql(before);
            for (before, (_, value)) in [""].into_iter().chain(std::iter::repeat(", ")).zip(row) {
                statement = statement.sql(before).value(value);
            }
        }
        statement.sql(")")
    }

    /// Reads the rows that have these values, and one of `among` in a column.
    pub(super) fn select_among(&self, of: Columns<'_>, column: &'static str, among: &[Value]) -> Statement {
        let mut statement = self.select(of).sql(" AND ").sql(column);
        for (before, value) in [" IN ("].into_iter().chain(std::iter::repeat(", ")).zip(among) {
            statement = statement.sql(before).value(value);
        }
        statement.sql(")")
    }

    /// Adds one to a number.
    pub(super) fn count_up(&self, column: &'static str, of: Columns<'_>) -> Statement {
        let statement = Statement::new().sql("UPDATE ").sql(self.name).sql(" SET ").sql(column);
        statement.sql(" = ").sql(column).sql(" + 1").where_each(of)
    }

    /// Leaves the rows as they are that have these values and all of one of `each`, and locks them.
    pub(super) fn unchanged(&self, of: Columns<'_>, each: &[Vec<(&'static str, Value)>]) -> Statement {
        let mut statement = Statement::new().sql("UPDATE ").sql(self.name).sql(" SET scope = scope").where_each(of);
        for (before, row) in [" AND (("].into_iter().chain(std::iter::repeat(") OR (")).zip(each) {
            statement = statement.sql(before);
            for (before, (column, value)) in [""].into_iter().chain(std::iter::repeat(" AND ")).zip(row) {
                statement = statement.sql(before).sql(column).sql(" = ").value(value);
            }
        }
        statement.sql("))")
    }

    pub(super) fn update(&self, to: Columns<'_>, of: Columns<'_>) -> Statement {
        let mut statement = Statement::new().sql("UPDATE ").sql(self.name);
        for (before, (column, value)) in [" SET "].into_iter().chain(std::iter::repeat(", ")).zip(to) {
            statement = statement.sql(before).sql(column).sql(" = ").value(value);
        }
        statement.where_each(of)
    }

    pub(super) fn delete(&self, of: Columns<'_>) -> Statement {
        Statement::new().sql("DELETE FROM ").sql(self.name).where_each(of)
    }
}

impl Statement {
    fn value(self, value: &Value) -> Self {
        match value {
            Value::Number(number) => self.number(*number),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Null => self.sql("NULL"),
        }
    }

    fn where_each(mut self, of: Columns<'_>) -> Self {
        for (before, (column, value)) in [" WHERE "].into_iter().chain(std::iter::repeat(" AND ")).zip(of) {
            self = self.sql(before).sql(column);
            self = match value {
                Value::Null => self.sql(" IS NULL"),
                value => self.sql(" = ").value(value),
            };
        }
        self
    }
}

/// NULL, where a table has no such column.
fn no_number(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => "NULL",
        Dialect::Postgres => "NULL::bigint",
        Dialect::Mysql => "CAST(NULL AS SIGNED)",
    }
    .to_owned()
}

fn no_bytes(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => "NULL",
        Dialect::Postgres => "NULL::bytea",
        Dialect::Mysql => "CAST(NULL AS BINARY)",
    }
    .to_owned()
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row as it was read, its columns by name.
#[derive(Debug)]
pub(super) struct Row {
    table: &'static Table,
    numbers: [Option<i64>; 4],
    bytes: [Option<Vec<u8>>; 8],
}

impl Row {
    pub(super) fn new(table: &'static Table, columns: RowColumns) -> Self {
        let (n0, n1, n2, n3, b0, b1, b2, b3, b4, b5, b6, b7) = columns;
        Self { table, numbers: [n0, n1, n2, n3], bytes: [b0, b1, b2, b3, b4, b5, b6, b7] }
    }

    /// A number that may be NULL.
    pub(super) fn number(&self, column: &'static str) -> Option<i64> {
        self.table.numbers.iter().zip(self.numbers).find(|(name, _)| **name == column).and_then(|(_, number)| number)
    }

    pub(super) fn id(&self, column: &'static str) -> Result<u32, AccountError> {
        self.number(column).and_then(|number| u32::try_from(number).ok()).ok_or_else(|| self.bad(column))
    }

    /// Bytes that may be NULL.
    pub(super) fn bytes_or_null(&self, column: &'static str) -> Option<&[u8]> {
        self.table
            .bytes
            .iter()
            .zip(&self.bytes)
            .find(|(name, _)| **name == column)
            .and_then(|(_, bytes)| bytes.as_deref())
    }

    pub(super) fn bytes(&self, column: &'static str) -> Result<&[u8], AccountError> {
        self.bytes_or_null(column).ok_or_else(|| self.bad(column))
    }

    /// Bytes of one length.
    pub(super) fn array<const N: usize>(&self, column: &'static str) -> Result<[u8; N], AccountError> {
        self.bytes(column)?.try_into().map_err(|_| self.bad(column))
    }

    /// That a column has what no version of this wrote.
    pub(super) fn bad(&self, column: &'static str) -> AccountError {
        AccountError::BadRow { table: self.table.name, column }
    }
}
