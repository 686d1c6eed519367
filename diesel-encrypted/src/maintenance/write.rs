//! Writing by compare-and-set: a row is written if its value is still the one that was read, so that nothing is locked in
//! between and no write of the application's is lost. No other column is touched.

use super::{
    key::Key,
    table::{Column, Kind},
    walk::Walk,
};
use crate::{backend::Dialect, store::statement::Statement};

/// The most bytes of values that one statement carries: servers refuse packets of more than 16 MiB unless told otherwise.
const STATEMENT_BYTES: usize = 4 * 1024 * 1024;

/// The values that a statement binds at most, of the 65535 that PostgreSQL and MySQL take.
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
    fn column(&self) -> &Column {
        self.target.unwrap_or(self.walk.column)
    }

    /// What lets a page be committed without waiting for the disk, where there is that. Page and checkpoint are one
    /// transaction, so what a crash of the server loses is done again; the job's end is waited for, and with it all before.
    pub(super) fn lazily(&self) -> Option<Statement> {
        match self.walk.table.dialect {
            Dialect::Postgres => Some(Statement::new().sql("SET LOCAL synchronous_commit = off")),
            Dialect::Sqlite | Dialect::Mysql => None,
        }
    }

    /// The rows that one statement writes: all, if they are not too long or too many, but one on SQLite.
    pub(super) fn chunks<'r>(&self, rows: &'r [Written]) -> Vec<&'r [Written]> {
        let most = match self.walk.table.dialect {
            Dialect::Sqlite => 1,
            Dialect::Postgres | Dialect::Mysql => BINDS / (self.walk.key.len() + 2),
        };
        let mut chunks = Vec::new();
        let mut rest = rows;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take(most).take_while(|row| {
                bytes += row.old.len() + row.new.len();
                bytes <= STATEMENT_BYTES
            });
            let (chunk, others) = rest.split_at(fits.count().max(1));
            chunks.push(chunk);
            rest = others;
        }
        chunks
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

    /// `UPDATE t SET c = v.new FROM (VALUES ..) v WHERE t.id = v.k0 AND t.c = v.old`
    fn postgres(&self, rows: &[Written]) -> Statement {
        let Self { walk, .. } = self;
        let (table, column) = (walk.table, self.column());
        let name = table.quoted(&column.name);
        let new = match column.kind {
            Kind::Text | Kind::Bytes => "v.n".to_owned(),
            _ => format!("CAST(v.n AS {})", column.declared),
        };
        let mut statement = Statement::new().made(match self.action {
            Action::Delete => format!("DELETE FROM {} AS t USING (VALUES ", table.sql()),
            Action::Clear => format!("UPDATE {} AS t SET {name} = NULL FROM (VALUES ", table.sql()),
            Action::Set => format!("UPDATE {} AS t SET {name} = {new} FROM (VALUES ", table.sql()),
        });
        for (at, row) in rows.iter().enumerate() {
            statement = statement.sql(if at == 0 { "(" } else { ", (" });
            for (place, column) in walk.key.iter().enumerate() {
                statement = row.key.bind(statement, table, place, column).sql(", ");
            }
            statement = statement.bytes(&row.old);
            if self.action == Action::Set {
                statement = self.value(statement.sql(", "), &row.new);
            }
            statement = statement.sql(")");
        }
        let keys: Vec<String> = (0..walk.key.len()).map(|place| format!("k{place}")).collect();
        let new = if self.action == Action::Set { ", n" } else { "" };
        statement = statement.made(format!(") AS v ({}, o{new}) WHERE ", keys.join(", ")));
        for (key, column) in keys.iter().zip(&walk.key) {
            statement = statement.made(format!("t.{} = v.{key} AND ", table.quoted(&column.name)));
        }
        // The rows stand together in the order of the key. Without this, a hash join over a table of middling size reads all
        // of it for each page.
        if let [first, .., last] = rows {
            statement = walk.beyond(statement, "t.", &first.key, " >= ").sql(" AND ");
            statement = walk.beyond(statement, "t.", &last.key, " <= ").sql(" AND ");
        }
        self.still(statement)
    }

    /// `UPDATE t JOIN (SELECT .. UNION ALL ..) v ON t.id = v.k0 SET t.c = v.n WHERE t.c = v.o`
    fn mysql(&self, rows: &[Written]) -> Statement {
        let Self { walk, .. } = self;
        let (table, column) = (walk.table, self.column());
        let mut statement = Statement::new().made(match self.action {
            Action::Delete => format!("DELETE t FROM {} AS t JOIN (", table.sql()),
            Action::Clear | Action::Set => format!("UPDATE {} AS t JOIN (", table.sql()),
        });
        for (at, row) in rows.iter().enumerate() {
            statement = statement.sql(if at == 0 { "SELECT " } else { " UNION ALL SELECT " });
            for (place, column) in walk.key.iter().enumerate() {
                let kind = match column.kind {
                    Kind::Signed | Kind::Bool => "SIGNED",
                    Kind::Bytes => "BINARY",
                    _ => "CHAR",
                };
                let cast = !matches!(column.kind, Kind::Unsigned | Kind::Uuid);
                statement = row.key.bind(statement.sql(if cast { "CAST(" } else { "" }), table, place, column);
                statement = statement
                    .made(format!("{} AS k{place}, ", if cast { format!(" AS {kind})") } else { String::new() }));
            }
            statement = statement.sql("CAST(").bytes(&row.old).sql(" AS BINARY) AS o");
            if self.action == Action::Set {
                statement = statement.sql(", CAST(").bytes(&row.new).sql(" AS BINARY) AS n");
            }
        }
        statement = statement.sql(") AS v ON ");
        for (place, column) in walk.key.iter().enumerate() {
            let key = match column.kind {
                Kind::Text => column.collated(&format!("v.k{place}")),
                _ => format!("v.k{place}"),
            };
            let and = if place == 0 { "" } else { " AND " };
            statement = statement.made(format!("{and}t.{} = {key}", table.quoted(&column.name)));
        }
        let name = table.quoted(&column.name);
        statement = match (self.action, column.kind) {
            (Action::Delete, _) => statement,
            (Action::Clear, _) => statement.made(format!(" SET t.{name} = NULL")),
            (Action::Set, Kind::Bytes) => statement.made(format!(" SET t.{name} = v.n")),
            (Action::Set, _) => statement.made(format!(" SET t.{name} = CONVERT(v.n USING utf8mb4)")),
        };
        self.still(statement.sql(" WHERE "))
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
