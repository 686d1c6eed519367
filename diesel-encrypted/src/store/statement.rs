//! SQL of our own, with names quoted and values bound as each backend wants them.

use diesel::{
    QueryResult,
    backend::Backend,
    query_builder::{AstPass, QueryFragment, QueryId},
};

use super::connection::KeyStoreBackend;

/// A piece of a statement.
#[derive(Debug)]
enum Part<'a> {
    Sql(&'a str),
    Name(&'a str),
    Bytes(&'a [u8]),
    Number(i64),
    Text(&'a str),
}

/// A statement in pieces.
#[derive(Debug, Default)]
pub struct Statement<'a> {
    parts: Vec<Part<'a>>,
}

impl<'a> Statement<'a> {
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn part(mut self, part: Part<'a>) -> Self {
        self.parts.push(part);
        self
    }

    /// SQL as it stands: ours, never the caller's.
    pub(super) fn sql(self, sql: &'a str) -> Self {
        self.part(Part::Sql(sql))
    }

    /// An identifier, quoted.
    pub(super) fn name(self, name: &'a str) -> Self {
        self.part(Part::Name(name))
    }

    /// A table, with its schema if it has one.
    pub(super) fn table(self, table: &'a str) -> Self {
        match table.split_once('.') {
            Some((schema, table)) => self.name(schema).sql(".").name(table),
            None => self.name(table),
        }
    }

    pub(super) fn bytes(self, bytes: &'a [u8]) -> Self {
        self.part(Part::Bytes(bytes))
    }

    pub(super) fn number(self, number: impl Into<i64>) -> Self {
        self.part(Part::Number(number.into()))
    }

    pub(super) fn text(self, text: &'a str) -> Self {
        self.part(Part::Text(text))
    }
}

impl<DB: KeyStoreBackend> QueryFragment<DB> for Statement<'_> {
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

impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// A statement that gives rows of the SQL type `ST`.
pub(super) struct Rows<'s, 'a, ST>(pub(super) &'s Statement<'a>, pub(super) std::marker::PhantomData<ST>);

impl<ST, DB: Backend> QueryFragment<DB> for Rows<'_, '_, ST>
where
    for<'a> Statement<'a>: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

impl<ST> QueryId for Rows<'_, '_, ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> diesel::query_builder::Query for Rows<'_, '_, ST> {
    type SqlType = ST;
}
