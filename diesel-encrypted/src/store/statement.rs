//! SQL of our own, with names quoted and values bound as each backend wants them.

use std::marker::PhantomData;

use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};

use crate::backend::Dialect;

use super::{array::Array, connection::KeyStoreBackend};

/// A piece of a statement.
#[derive(Clone, Debug)]
enum Part {
    Sql(&'static str),
    Made(String),
    Words(Words),
    /// For SQLite, PostgreSQL and MySQL.
    Each([Statement; 3]),
    Name(String),
    Bytes(Vec<u8>),
    Number(i64),
    Text(String),
    Array(Array),
}

/// SQL that each database has its own words for.
pub(crate) type Words = fn(Dialect) -> String;

/// A statement in pieces. It owns its values.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    parts: Vec<Part>,
    /// Whether the connection keeps it prepared.
    again: bool,
}

impl Statement {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The same SQL comes again and again, with other values: the connection is to keep it prepared.
    pub(crate) fn again(mut self) -> Self {
        self.again = true;
        self
    }

    fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// SQL as it stands: ours, never the caller's.
    pub(crate) fn sql(self, sql: &'static str) -> Self {
        self.part(Part::Sql(sql))
    }

    /// SQL that was put together, of words of ours and of quoted names.
    pub(crate) fn made(self, sql: impl Into<String>) -> Self {
        self.part(Part::Made(sql.into()))
    }

    /// SQL that depends on the database.
    pub(crate) fn words(self, words: Words) -> Self {
        self.part(Part::Words(words))
    }

    /// Goes on with another statement.
    #[cfg(feature = "users")]
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// A statement of its own for each database.
    pub(crate) fn each(build: impl Fn(Dialect) -> Self) -> Self {
        Self::new().part(Part::Each([Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql].map(build)))
    }

    /// An identifier, quoted.
    pub(crate) fn name(self, name: &str) -> Self {
        self.part(Part::Name(name.to_owned()))
    }

    /// A table, with its schema if it has one.
    pub(crate) fn table(self, table: &str) -> Self {
        match table.split_once('.') {
            Some((schema, table)) => self.name(schema).sql(".").name(table),
            None => self.name(table),
        }
    }

    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        self.owned_bytes(bytes.to_vec())
    }

    /// [`bytes`](Self::bytes) without a copy.
    pub(crate) fn owned_bytes(self, bytes: Vec<u8>) -> Self {
        self.part(Part::Bytes(bytes))
    }

    pub(crate) fn number(self, number: impl Into<i64>) -> Self {
        self.part(Part::Number(number.into()))
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.part(Part::Text(text.to_owned()))
    }

    /// Values as one, on PostgreSQL.
    pub(crate) fn array(self, array: Array) -> Self {
        self.part(Part::Array(array))
    }
}

impl<DB: KeyStoreBackend> QueryFragment<DB> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.again {
            out.unsafe_to_cache_prepared();
        }
        for part in &self.parts {
            match part {
                Part::Sql(sql) => out.push_sql(sql),
                Part::Made(sql) => out.push_sql(sql),
                Part::Words(words) => {
                    let dialect = DB::dialect(out.reborrow())?;
                    out.push_sql(&words(dialect));
                }
                Part::Each([sqlite, postgres, mysql]) => match DB::dialect(out.reborrow())? {
                    Dialect::Sqlite => sqlite,
                    Dialect::Postgres => postgres,
                    Dialect::Mysql => mysql,
                }
                .walk_ast(out.reborrow())?,
                Part::Name(name) => out.push_identifier(name)?,
                Part::Bytes(bytes) => DB::bind_bytes(&mut out, bytes)?,
                Part::Number(number) => DB::bind_number(&mut out, number)?,
                Part::Text(text) => DB::bind_text(&mut out, text)?,
                Part::Array(array) => DB::bind_array(array, out.reborrow())?,
            }
        }
        Ok(())
    }
}

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// A statement that gives rows of the SQL type `ST`.
#[derive(Debug)]
pub struct Rows<ST>(pub(crate) Statement, pub(crate) PhantomData<ST>);

impl<ST, DB: KeyStoreBackend> QueryFragment<DB> for Rows<ST> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

impl<ST> QueryId for Rows<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> Query for Rows<ST> {
    type SqlType = ST;
}

impl<ST, C> RunQueryDsl<C> for Rows<ST> {}
