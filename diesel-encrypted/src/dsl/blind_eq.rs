//! `blind_eq`: equality of tags.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::is_nullable::{IsSqlTypeNullable, MaybeNullable};
use diesel::sql_types::{Bool, MaybeNullableType, SqlType};

use super::dialect::{self, OnMysql, SlotBackend};
use super::node::node;
use super::search::Search;
use crate::column::StoredAs;

/// `column.blind_eq(value)`, by the index in `SLOT`.
#[derive(Clone, Debug)]
#[must_use = "a search does nothing until it filters a query"]
pub struct BlindEq<E, const SLOT: usize = 0> {
    expr: E,
    search: Search,
}

impl<E, const SLOT: usize> BlindEq<E, SLOT> {
    pub(super) const fn new(expr: E, search: Search) -> Self {
        Self { expr, search }
    }
}

impl<E: Expression, const SLOT: usize> Expression for BlindEq<E, SLOT>
where
    E::SqlType: SqlType,
    IsSqlTypeNullable<E::SqlType>: MaybeNullableType<Bool>,
    MaybeNullable<IsSqlTypeNullable<E::SqlType>, Bool>: TypedExpressionType,
{
    type SqlType = MaybeNullable<IsSqlTypeNullable<E::SqlType>, Bool>;
}

impl<E, DB, const SLOT: usize> QueryFragment<DB> for BlindEq<E, SLOT>
where
    E: Expression + OnMysql + QueryFragment<DB>,
    E::SqlType: StoredAs,
    DB: SlotBackend,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let storage = super::storage::<E>();
        out.push_sql("(");
        dialect::indexed_slot(&mut out, &self.expr, storage, SLOT)?;
        match self.search.tags.as_slice() {
            [tag] => {
                out.push_sql(" = ");
                DB::push_tag(&mut out, storage, tag)?;
            }
            _ => {
                // The statement cache goes by the type, and this is not the SQL that stands for it.
                out.unsafe_to_cache_prepared();
                out.push_sql(" IN (");
                self.search.push_tags(&mut out, storage)?;
                out.push_sql(")");
            }
        }
        self.search.push_or_clear(&mut out, &self.expr, storage)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<E: QueryId, const SLOT: usize> QueryId for BlindEq<E, SLOT> {
    type QueryId = BlindEq<E::QueryId, SLOT>;
    const HAS_STATIC_QUERY_ID: bool = E::HAS_STATIC_QUERY_ID;
}

node!(BlindEq { expr, search });
