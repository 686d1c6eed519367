//! Reading a table in the order of its primary key, a page at a time, and of its rows only those that need work.

use diesel_encrypted_core::Owner;

use super::{
    Reason,
    key::{self, Key},
    table::{Column, Kind, Table},
};
use crate::{backend::Dialect, store::statement::Statement};

/// The rows from which on a table is large.
const LARGE: u32 = 100_000;

/// How a table is walked.
#[derive(Clone, Debug)]
pub(super) struct Walk<'t> {
    pub(super) table: &'t Table,
    /// The primary key.
    pub(super) key: Vec<&'t Column>,
    /// The column that is read.
    pub(super) column: &'t Column,
    /// What its values are bound to.
    pub(super) owner: Vec<&'t Column>,
    /// A column whose values are read with those, to be compared.
    pub(super) beside: Option<&'t Column>,
    /// SQL that is true for the rows that need work.
    pub(super) wants: String,
}

/// A part of a table: behind `after`, up to `until` inclusive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) after: Option<Key>,
    pub(super) until: Option<Key>,
}

impl Walk<'_> {
    /// The next `limit` rows of `range` that need work, without values of more than `longest` bytes.
    pub(super) fn page(&self, range: &Range, limit: usize, longest: usize) -> Statement {
        let statement = Statement::new().again();
        let statement = statement.made(format!("{} WHERE ({})", self.select(Some(longest)), self.wants));
        self.ordered(self.within(statement.sql(" AND "), range), limit, 0)
    }

    /// Whether a page has [numbers](NumberedColumns) for keys, which cost less than packed ones.
    pub(super) fn is_numbered(&self) -> bool {
        let is_number = matches!(self.key.as_slice(), [column] if column.kind == Kind::Signed);
        is_number && self.owner.is_empty() && self.beside.is_none() && self.table.dialect == Dialect::Postgres
    }

    /// One row, whatever its length, if it still needs work.
    pub(super) fn row(&self, key: &Key) -> Statement {
        let statement = Statement::new().made(format!("{} WHERE ({}) AND ", self.select(None), self.wants));
        self.is(statement, key)
    }

    /// The key of the row `rows` behind `after`, whether it needs work or not: no row if there are fewer.
    pub(super) fn boundary(&self, after: Option<Key>, rows: usize) -> Statement {
        let empty = match self.table.dialect {
            Dialect::Postgres => "NULL::bytea, ''::text",
            Dialect::Sqlite | Dialect::Mysql => "NULL, ''",
        };
        let names: Vec<String> = self.key.iter().map(|column| self.table.quoted(&column.name)).collect();
        // Packed where there is one row, and not for all that are passed over.
        let (names, packed) = (names.join(", "), key::pack(self.table, &self.key));
        let select = format!("SELECT {packed}, {empty} FROM (SELECT {names} FROM {} WHERE ", self.table.sql());
        let range = Range { after, until: None };
        let statement = self.within(Statement::new().again().made(select), &range);
        self.ordered(statement, 1, rows - 1).sql(") AS boundary")
    }

    /// What a value is bound to, of what was read of its row.
    pub(super) fn owner(&self, packed: &str) -> Result<Option<Owner>, Reason> {
        match self.owner.is_empty() {
            true => Ok(None),
            false => {
                Key::parse(packed.to_owned()).and_then(|owner| owner.owner().ok()).map(Some).ok_or(Reason::NoOwner)
            }
        }
    }

    /// How many rows need work.
    pub(super) fn count(&self) -> Statement {
        let count = match self.table.dialect {
            Dialect::Postgres => "''::bytea, count(*), 0::bigint",
            Dialect::Sqlite | Dialect::Mysql => "x'', count(*), 0",
        };
        Statement::new().made(format!("SELECT {count} FROM {} WHERE {}", self.table.sql(), self.wants))
    }

    /// About how many rows need work, by the share of them in one page of the table in a hundred: if it is a large one of PostgreSQL, and
    /// else no row. As a group whose bytes do not matter.
    pub(super) fn estimate(&self) -> Option<Statement> {
        let (table, wants) = (self.table.sql(), &self.wants);
        (self.table.dialect == Dialect::Postgres).then(|| {
            Statement::new()
                .made(format!(
                    "SELECT ''::bytea, (reltuples * (SELECT coalesce(avg(CASE WHEN {wants} THEN 1 ELSE 0 END), 0) \
                     FROM {table} TABLESAMPLE SYSTEM (1)))::bigint, 0::bigint FROM pg_catalog.pg_class WHERE relkind = 'r' AND reltuples >= {LARGE} AND oid = to_regclass("
                ))
                .text(&table)
                .sql(")")
        })
    }

    fn select(&self, longest: Option<usize>) -> String {
        let Self { table, column, .. } = self;
        let key = key::pack(table, &self.key);
        let bytes = table.bytes("", column);
        let value = match longest {
            None => bytes,
            Some(longest) => format!("CASE WHEN {} <= {longest} THEN {bytes} END", table.length(column)),
        };
        if longest.is_some()
            && self.is_numbered()
            && let [key] = self.key.as_slice()
        {
            return format!("SELECT {}::bigint, {value} FROM {}", table.quoted(&key.name), table.sql());
        }
        let owner = match self.owner.as_slice() {
            [] => "''".to_owned(),
            owner => format!("coalesce({}, '')", key::pack(table, owner)),
        };
        let (value, owner) = match self.beside {
            None => (value, owner),
            Some(beside) => (self.not_null(&value), self.with_beside(&owner, beside)),
        };
        format!("SELECT {key}, {value}, {owner} FROM {}", table.sql())
    }

    /// The value, and no bytes for NULL: no sealed value is as short.
    fn not_null(&self, value: &str) -> String {
        let Self { table, column, .. } = self;
        format!("CASE WHEN {} IS NULL THEN {} ELSE {value} END", table.quoted(&column.name), table.literal(&[]))
    }

    /// What the value is bound to, and unless it is NULL, behind a semicolon, what stands beside it.
    fn with_beside(&self, owner: &str, beside: &Column) -> String {
        let bytes = self.table.bytes("", beside);
        match self.table.dialect {
            Dialect::Postgres => format!("{owner} || coalesce(';' || encode({bytes}, 'hex'), '')"),
            Dialect::Sqlite => {
                let name = self.table.quoted(&beside.name);
                format!("{owner} || CASE WHEN {name} IS NULL THEN '' ELSE ';' || hex({bytes}) END")
            }
            Dialect::Mysql => format!("CONCAT({owner}, coalesce(CONCAT(';', HEX({bytes})), ''))"),
        }
    }

    /// Keys within the range, and keys at all: SQLite admits NULL and numbers with a fraction.
    fn within(&self, mut statement: Statement, range: &Range) -> Statement {
        statement = match self.table.dialect {
            Dialect::Sqlite => statement.made(format!("({}) IS NOT NULL", key::pack(self.table, &self.key))),
            Dialect::Postgres | Dialect::Mysql => statement.made("1 = 1"),
        };
        if let Some(after) = &range.after {
            statement = self.beyond(statement.sql(" AND "), "", after, " > ");
        }
        if let Some(until) = &range.until {
            statement = self.beyond(statement.sql(" AND "), "", until, " <= ");
        }
        statement
    }

    /// The key compared with another, in the order and the collation of its columns. `from` is empty, or names the table with
    /// a point behind.
    pub(super) fn beyond(&self, statement: Statement, from: &str, key: &Key, comparison: &'static str) -> Statement {
        match (self.table.dialect, self.key.len()) {
            // A row of columns is no range of an index there.
            (Dialect::Mysql, 2..) => self.beyond_one_by_one(statement, key, 0, comparison),
            _ => {
                let name = |column: &&Column| format!("{from}{}", self.table.quoted(&column.name));
                let names: Vec<String> = self.key.iter().map(name).collect();
                let mut statement = statement.made(format!("({})", names.join(", "))).sql(comparison).sql("(");
                for (place, column) in self.key.iter().enumerate() {
                    statement = key.bind(statement.sql(if place == 0 { "" } else { ", " }), self.table, place, column);
                }
                statement.sql(")")
            }
        }
    }

    /// `(a >= x AND (a > x OR b > y))`, and so on for more columns.
    fn beyond_one_by_one(&self, statement: Statement, key: &Key, from: usize, comparison: &'static str) -> Statement {
        let Some(column) = self.key.get(from) else { return statement.sql("true") };
        let name = self.table.quoted(&column.name);
        if from + 1 == self.key.len() {
            return key.bind(statement.made(name).sql(comparison), self.table, from, column);
        }
        let (loose, strict) = if comparison == " > " { (" >= ", " > ") } else { (" <= ", " < ") };
        let statement = key.bind(statement.made(format!("({name}")).sql(loose), self.table, from, column);
        let statement = key.bind(statement.made(format!(" AND ({name}")).sql(strict), self.table, from, column);
        self.beyond_one_by_one(statement.sql(" OR "), key, from + 1, comparison).sql("))")
    }

    /// The row of this key.
    pub(super) fn is(&self, mut statement: Statement, key: &Key) -> Statement {
        for (place, column) in self.key.iter().enumerate() {
            let name = self.table.quoted(&column.name);
            statement = statement.made(format!("{}{name} = ", if place == 0 { "" } else { " AND " }));
            statement = key.bind(statement, self.table, place, column);
        }
        statement
    }

    fn ordered(&self, statement: Statement, limit: usize, offset: usize) -> Statement {
        let names: Vec<String> = self.key.iter().map(|column| self.table.quoted(&column.name)).collect();
        let statement = statement.made(format!(" ORDER BY {} LIMIT {limit}", names.join(", ")));
        if offset > 0 { statement.made(format!(" OFFSET {offset}")) } else { statement }
    }
}
