//! SQL of our own, with names quoted and values bound as each backend wants them.

use std::marker::PhantomData;

use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};

use super::connection::KeyStoreBackend;

/// A piece of a statement.
#[derive(Debug)]
enum Part {
    Sql(&'static str),
    Name(String),
    Bytes(Vec<u8>),
    Number(i64),
    Text(String),
}

/// A statement in pieces. It owns its values, which are few and short.
#[derive(Debug, Default)]
pub struct Statement {
    parts: Vec<Part>,
}

impl Statement {
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// SQL as it stands: ours, never the caller's.
    pub(super) fn sql(self, sql: &'static str) -> Self {
        self.part(Part::Sql(sql))
    }

    /// An identifier, quoted.
    pub(super) fn name(self, name: &str) -> Self {
        self.part(Part::Name(name.to_owned()))
    }

    /// A table, with its schema if it has one.
    pub(super) fn table(self, table: &str) -> Self {
        match table.split_once('.') {
            Some((schema, table)) => self.name(schema).sql(".").name(table),
            None => self.name(table),
        }
    }

    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        self.part(Part::Bytes(bytes.to_vec()))
    }

    pub(super) fn number(self, number: impl Into<i64>) -> Self {
        self.part(Part::Number(number.into()))
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.part(Part::Text(text.to_owned()))
    }
}

impl<DB: KeyStoreBackend> QueryFragment<DB> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        for part in &self.parts {
            match part {
                Part::Sql(sql) => out.push_sql(sql),
                Part::Name(name) => out.push_identifier(name)?,
                Part::Bytes(bytes) => DB::bind_bytes(&mut out, bytes)?,
                Part::Number(number) => DB::bind_number(&mut out, number)?,
                Part::Text(text) => DB::bind_text(&mut out, text)?,
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
pub struct Rows<ST>(pub(super) Statement, pub(super) PhantomData<ST>);

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
