//! `blind_ne`: inequality of tags.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Bool, Nullable};
use diesel_encrypted_core::Storage;

use super::clear::{self, Clear};
use super::dialect::{self, SlotBackend};
use super::node::node;
use super::search::Search;
use crate::column::StoredAs;

/// `column.blind_ne(value)`, by the index in `SLOT`: unknown (NULL) for rows without a tag.
#[derive(Clone, Debug)]
#[must_use = "a search does nothing until it filters a query"]
pub struct BlindNe<E, const SLOT: usize = 0> {
    expr: E,
    search: Search,
}

impl<E, const SLOT: usize> BlindNe<E, SLOT> {
    pub(super) const fn new(expr: E, search: Search) -> Self {
        Self { expr, search }
    }
}

impl<E: Expression, const SLOT: usize> Expression for BlindNe<E, SLOT> {
    type SqlType = Nullable<Bool>;
}

impl<E, DB, const SLOT: usize> QueryFragment<DB> for BlindNe<E, SLOT>
where
    E: Expression + QueryFragment<DB>,
    E::SqlType: StoredAs,
    DB: SlotBackend,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let storage = super::storage::<E>();
        if self.search.tags.len() != 1 {
            // The statement cache goes by the type, and this is not the SQL that stands for it.
            out.unsafe_to_cache_prepared();
        }
        if let Some(clear) = &self.search.clear {
            return self.walk_among_clear(out, storage, clear);
        }
        out.push_sql("(");
        dialect::tag_or_null(&mut out, &self.expr, storage, SLOT)?;
        out.push_sql(" NOT IN (");
        self.search.push_tags(&mut out, storage)?;
        out.push_sql("))");
        Ok(())
    }
}

impl<E, const SLOT: usize> BlindNe<E, SLOT> {
    /// `CASE WHEN it has a tag THEN .. WHEN it is in the clear THEN .. END`
    fn walk_among_clear<'b, DB>(
        &'b self,
        mut out: AstPass<'_, 'b, DB>,
        storage: Storage,
        clear: &'b Clear,
    ) -> QueryResult<()>
    where
        E: QueryFragment<DB>,
        DB: SlotBackend,
    {
        out.unsafe_to_cache_prepared();
        out.push_sql("CASE WHEN ");
        dialect::has_tag(&mut out, &self.expr, storage, SLOT)?;
        out.push_sql(" THEN ");
        dialect::slot(&mut out, &self.expr, storage, SLOT)?;
        out.push_sql(" NOT IN (");
        self.search.push_tags(&mut out, storage)?;
        out.push_sql(") WHEN ");
        clear::is_clear(&mut out, &self.expr, storage)?;
        out.push_sql(" THEN NOT (");
        clear.push(&mut out, &self.expr, storage)?;
        out.push_sql(") END");
        Ok(())
    }
}

impl<E: QueryId, const SLOT: usize> QueryId for BlindNe<E, SLOT> {
    type QueryId = BlindNe<E::QueryId, SLOT>;
    const HAS_STATIC_QUERY_ID: bool = E::HAS_STATIC_QUERY_ID;
}

node!(BlindNe { expr, search });
