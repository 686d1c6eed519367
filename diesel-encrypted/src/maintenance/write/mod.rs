//! Writing by compare-and-set: a row is written if its value is still the one that was read, so that nothing is locked in
//! between and no write of the application's is lost. No other column is touched.

mod mysql;
mod postgres;

use super::{
    key::Key,
    table::{Column, Kind},
    walk::Walk,
};
use crate::{backend::Dialect, store::statement::Statement};

/// The most bytes of values that one statement carries: servers refuse packets of more than 16 MiB unless told otherwise.
const STATEMENT_BYTES: usize = 4 * 1024 * 1024;

/// The values that a statement binds at most, of the 65535 that MySQL takes.
const BINDS: usize = 60_000;

/// What is written to the rows of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new value.
    Set,
    /// NULL.
    Clear,
    /// The row goes.
    Delete,
}

/// A row to be written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) key: Key,
    /// The value that was read.
    pub(super) old: Vec<u8>,
    /// What is set; empty if nothing is.
    pub(super) new: Vec<u8>,
}

/// How a batch is written.
#[derive(Debug)]
pub(super) struct Write<'t> {
    pub(super) walk: Walk<'t>,
    pub(super) action: Action,
    /// The column that is written, if it is another than the one that is read. It has to be NULL.
    pub(super) target: Option<&'t Column>,
    /// Whether bytes are written as bytes where the column's type does not tell.
    pub(super) as_bytes: bool,
}

impl Write<'_> {
    /// The column that is written.
    fn column(&self) -> &Column {
        self.target.unwrap_or(self.walk.column)
    }

    /// The rows that one statement writes: all, if they are not too long or too many, but one on SQLite.
    pub(super) fn chunks<'r>(&self, rows: &'r [Written]) -> impl Iterator<Item = &'r [Written]> {
        let most = match self.walk.table.dialect {
            Dialect::Sqlite => 1,
            Dialect::Postgres => usize::MAX,
            Dialect::Mysql => BINDS / (self.walk.key.len() + 2),
        };
        let mut rest = rows;
        std::iter::from_fn(move || {
            let mut bytes = 0;
            let fits = rest.iter().take(most).take_while(|row| {
                bytes += row.old.len() + row.new.len();
                bytes <= STATEMENT_BYTES
            });
            let (chunk, others) = rest.split_at(fits.count().max(1).min(rest.len()));
            rest = others;
            (!chunk.is_empty()).then_some(chunk)
        })
    }

    /// The statement that writes a chunk.
    pub(super) fn statement(&self, rows: &[Written]) -> Statement {
        match (self.walk.table.dialect, rows) {
            (Dialect::Postgres, _) => self.postgres(rows),
            (Dialect::Mysql, _) => self.mysql(rows),
            (Dialect::Sqlite, rows) => rows.iter().fold(Statement::new(), |_, row| self.one(row)),
        }
    }

    fn one(&self, row: &Written) -> Statement {
        let table = self.walk.table;
        let name = table.quoted(&self.column().name);
        let Written { key, old, new } = row;
        let statement = match self.action {
            Action::Delete => Statement::new().made(format!("DELETE FROM {}", table.sql())),
            Action::Clear => Statement::new().made(format!("UPDATE {} SET {name} = NULL", table.sql())),
            Action::Set => self.value(Statement::new().made(format!("UPDATE {} SET {name} = ", table.sql())), new),
        };
        let statement = self.walk.is(statement.sql(" WHERE "), key);
        let statement = statement.made(format!(" AND {} = ", table.bytes("", self.walk.column))).bytes(old);
        match self.target {
            Some(target) => statement.made(format!(" AND {} IS NULL", table.quoted(&target.name))),
            None => statement,
        }
    }

    /// The new value, as its column takes it.
    fn value(&self, statement: Statement, new: &[u8]) -> Statement {
        let bytes = match self.column().kind {
            Kind::Bytes => true,
            Kind::Dynamic => self.as_bytes,
            _ => false,
        };
        match str::from_utf8(new) {
            Ok(text) if !bytes => statement.text(text),
            _ => statement.bytes(new),
        }
    }

    /// That nobody has written in between.
    fn still(&self, statement: Statement) -> Statement {
        let table = self.walk.table;
        let statement = statement.made(format!("{} = v.o", table.bytes("t.", self.walk.column)));
        match self.target {
            Some(target) => statement.made(format!(" AND t.{} IS NULL", table.quoted(&target.name))),
            None => statement,
        }
    }
}
