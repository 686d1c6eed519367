//! What can go wrong in a key store. Each message says what to do next.

use std::fmt;

use crate::keys::RowKind;

/// Why a store could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Keys were to be made inside of a transaction.
    #[error(
        "keys have to be made, and this connection is inside of a transaction: a rollback would lose keys that values \
         are already sealed with. Open the vault before the transaction begins"
    )]
    InTransaction,
    /// The key tables are not there, and could not be made.
    #[error(
        "the tables encryption_keys, encrypted_columns and encryption_audit are not there, or this connection does not see \
         them, and it could not make them ({detail}): run the migration `diesel_encrypted::key_tables()` as a role that \
         may, and grant this one SELECT, INSERT, UPDATE and DELETE on them"
    )]
    TablesMissing {
        /// What the database said.
        detail: String,
    },
    /// Rows had to be written, and could not be.
    #[error(
        "keys have to be made or columns registered, and the database refused it ({detail}): open the vault once over a \
         connection that may SELECT, INSERT, UPDATE and DELETE on encryption_keys, encrypted_columns and encryption_audit"
    )]
    NotWritten {
        /// What the database said.
        detail: String,
    },
    /// A name or another column of a row has more bytes than every database keeps whole.
    #[error(
        "the `{column}` of a new row of `{}` has {length} bytes, and at most {max} fit: choose a shorter one",
        .kind.table()
    )]
    TooLong {
        /// The table.
        kind: RowKind,
        /// The column.
        column: &'static str,
        /// The bytes it would have.
        length: usize,
        /// The bytes that fit.
        max: usize,
    },
    /// The database lacks an encrypted column.
    #[error(
        "the column `{column}` of table `{table}` cannot be read ({detail}): run the migrations before the vault is opened, \
         or name the table as SQL does with `#[encrypted(table = \"..\")]`"
    )]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// What the database said.
        detail: String,
    },
    /// Encrypted columns of a type that does not hold, or a collation that does not find, sealed values.
    #[error("{}", list(.0))]
    UnfitColumns(Vec<UnfitColumn>),
    /// The session cuts values that do not fit instead of refusing them.
    #[error(
        "the sql_mode of this connection is not strict, so that the database cuts a value that is too long instead of \
         refusing it, and a sealed value that was cut is lost. That could happen in {columns}. On every connection, or \
         in the server's configuration, run: {statement}"
    )]
    LaxMode {
        /// The columns that have an end, with their types.
        columns: String,
        /// What makes the session strict.
        statement: String,
    },
    /// A row holds what no store wrote.
    #[error("a row of `{}` ({row}) has a `{column}` that cannot be: the row was altered", .kind.table())]
    BadRow {
        /// The table.
        kind: RowKind,
        /// Which row.
        row: String,
        /// The column.
        column: &'static str,
    },
    /// The database said no. The message repeats what it said, so it is not the `source` as well.
    #[error("the database failed: {0}")]
    Database(Box<dyn std::error::Error + Send + Sync>),
}

/// A column that cannot hold sealed values, or find them, as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnfitColumn {
    /// The table, as the model names it.
    pub table: String,
    /// The column.
    pub column: String,
    /// What the database says that it is: `varbinary(40)`.
    pub found: String,
    /// What is wrong with that, and what was expected.
    pub reason: String,
    /// What to do, if it cannot be said in one statement.
    pub advice: Option<String>,
    /// The statement that mends it, without a semicolon.
    pub statement: Option<String>,
}

impl UnfitColumn {
    /// A column that is `found`, and why that does not do.
    #[must_use]
    pub fn new(table: &str, column: &str, found: String, reason: String) -> Self {
        Self { table: table.to_owned(), column: column.to_owned(), found, reason, advice: None, statement: None }
    }
}

impl fmt::Display for UnfitColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, column, found, reason, advice, statement } = self;
        write!(f, "the column `{column}` of table `{table}` is {found}, {reason}")?;
        if let Some(advice) = advice {
            write!(f, ". {advice}")?;
        }
        match statement {
            Some(statement) => write!(f, ". Run: {statement}"),
            None => Ok(()),
        }
    }
}

fn list(columns: &[UnfitColumn]) -> String {
    columns.iter().map(UnfitColumn::to_string).collect::<Vec<_>>().join("\n")
}
