//! `blind_eq_any`: equality with any of several values.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::is_nullable::{IsSqlTypeNullable, MaybeNullable};
use diesel::sql_types::{Bool, MaybeNullableType, SqlType};

use super::dialect::{self, OnMysql, SlotBackend};
use super::node::node;
use super::search::Search;
use crate::column::StoredAs;

/// `column.blind_eq_any(values)`, by the index in `SLOT`.
#[derive(Clone, Debug)]
#[must_use = "a search does nothing until it filters a query"]
pub struct BlindEqAny<E, const SLOT: usize = 0> {
    expr: E,
    search: Search,
}

impl<E, const SLOT: usize> BlindEqAny<E, SLOT> {
    pub(super) const fn new(expr: E, search: Search) -> Self {
        Self { expr, search }
    }
}

impl<E: Expression, const SLOT: usize> Expression for BlindEqAny<E, SLOT>
where
    E::SqlType: SqlType,
    IsSqlTypeNullable<E::SqlType>: MaybeNullableType<Bool>,
    MaybeNullable<IsSqlTypeNullable<E::SqlType>, Bool>: TypedExpressionType,
{
    type SqlType = MaybeNullable<IsSqlTypeNullable<E::SqlType>, Bool>;
}

impl<E, DB, const SLOT: usize> QueryFragment<DB> for BlindEqAny<E, SLOT>
where
    E: Expression + OnMysql + QueryFragment<DB>,
    E::SqlType: StoredAs,
    DB: SlotBackend,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let storage = super::storage::<E>();
        // One statement for each number of values would fill the cache, as with Diesel's own `eq_any`.
        out.unsafe_to_cache_prepared();
        if self.search.tags.is_empty() && !self.search.null {
            out.push_sql("(0=1)");
            return Ok(());
        }
        out.push_sql("(");
        dialect::indexed_slot(&mut out, &self.expr, storage, SLOT)?;
        out.push_sql(" IN (");
        self.search.push_tags(&mut out, storage)?;
        if self.search.null && !self.search.tags.is_empty() {
            out.push_sql(", NULL");
        }
        out.push_sql(")");
        self.search.push_or_clear(&mut out, &self.expr, storage)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<E, const SLOT: usize> QueryId for BlindEqAny<E, SLOT> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

node!(BlindEqAny { expr, search });
