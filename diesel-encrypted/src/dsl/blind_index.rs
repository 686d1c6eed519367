//! `blind_index`: the tag as an expression, and the join of two of them.

use diesel::expression::{AppearsOnTable, Expression, IsContainedInGroupBy, SelectableExpression, ValidGrouping};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Binary, Bool, Nullable, SqlType, Text, is_nullable};

use super::dialect::{self, OnMysql, SlotBackend};
use super::node::node;
use crate::column::StoredAs;
use crate::sql_types::Ciphertext;

/// `column.blind_index()`: the tag in `SLOT`, NULL for rows without one.
#[derive(Clone, Copy, Debug)]
#[must_use = "a tag does nothing until a query groups, counts or joins by it"]
pub struct BlindIndex<E, const SLOT: usize = 0> {
    expr: E,
}

impl<E, const SLOT: usize> BlindIndex<E, SLOT> {
    pub(super) const fn new(expr: E) -> Self {
        Self { expr }
    }

    /// `a = b`: joins two columns by their tags. They need a common `domain`, or no two rows ever match.
    ///
    /// Unlike Diesel's `eq`, which it stands in for, it lets the database use the index on either slot.
    pub const fn eq<F, const OTHER: usize>(
        self,
        other: BlindIndex<F, OTHER>,
    ) -> BlindIndexEq<Self, BlindIndex<F, OTHER>> {
        BlindIndexEq { left: self, right: other }
    }
}

/// The SQL type of a tag.
pub trait TagType {
    /// `Nullable<Binary>` or `Nullable<Text>`.
    type Tag: SqlType<IsNull = is_nullable::IsNullable> + diesel::expression::TypedExpressionType;
}

impl TagType for Binary {
    type Tag = Nullable<Binary>;
}

impl TagType for Text {
    type Tag = Nullable<Text>;
}

impl<C> TagType for Ciphertext<C> {
    type Tag = Nullable<Binary>;
}

impl<ST: TagType + SqlType<IsNull = is_nullable::NotNull>> TagType for Nullable<ST> {
    type Tag = ST::Tag;
}

impl<E: Expression, const SLOT: usize> Expression for BlindIndex<E, SLOT>
where
    E::SqlType: TagType,
{
    type SqlType = <E::SqlType as TagType>::Tag;
}

impl<E, DB, const SLOT: usize> QueryFragment<DB> for BlindIndex<E, SLOT>
where
    E: Expression + QueryFragment<DB>,
    E::SqlType: StoredAs,
    DB: SlotBackend,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        dialect::tag_or_null(&mut out, &self.expr, super::storage::<E>(), SLOT)
    }
}

impl<E: QueryId, const SLOT: usize> QueryId for BlindIndex<E, SLOT> {
    type QueryId = BlindIndex<E::QueryId, SLOT>;
    const HAS_STATIC_QUERY_ID: bool = E::HAS_STATIC_QUERY_ID;
}

node!(BlindIndex { expr });

impl<E, C, const SLOT: usize> IsContainedInGroupBy<C> for BlindIndex<E, SLOT>
where
    E: IsContainedInGroupBy<C>,
{
    type Output = E::Output;
}

/// `a.blind_index().eq(b.blind_index())`.
#[derive(Clone, Copy, Debug)]
#[must_use = "a join condition does nothing until a query joins by it"]
pub struct BlindIndexEq<L, R> {
    left: L,
    right: R,
}

/// A tag that can equal one of the SQL type `Tag`.
#[diagnostic::on_unimplemented(
    message = "a `Binary` and a `Text` column cannot be joined by their tags",
    label = "one tag is bytes, the other their base64url text",
    note = "the same tag is stored in two forms, which are never equal: declare both columns `Binary`, or both `Text`"
)]
pub trait TagOf<Tag> {}

impl TagOf<Nullable<Binary>> for Nullable<Binary> {}

impl TagOf<Nullable<Text>> for Nullable<Text> {}

impl<L, R> Expression for BlindIndexEq<L, R>
where
    L: Expression<SqlType: TagOf<R::SqlType>>,
    R: Expression,
{
    type SqlType = Nullable<Bool>;
}

impl<L, R, DB, const LEFT: usize, const RIGHT: usize> QueryFragment<DB>
    for BlindIndexEq<BlindIndex<L, LEFT>, BlindIndex<R, RIGHT>>
where
    L: Expression + OnMysql + QueryFragment<DB>,
    L::SqlType: StoredAs,
    R: Expression + OnMysql + QueryFragment<DB>,
    R::SqlType: StoredAs,
    DB: SlotBackend,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let (left, right) = (super::storage::<L>(), super::storage::<R>());
        out.push_sql("(");
        dialect::indexed_slot(&mut out, &self.left.expr, left, LEFT)?;
        out.push_sql(" = ");
        dialect::indexed_slot(&mut out, &self.right.expr, right, RIGHT)?;
        out.push_sql(" AND ");
        dialect::has_tag(&mut out, &self.left.expr, left, LEFT)?;
        out.push_sql(" AND ");
        dialect::has_tag(&mut out, &self.right.expr, right, RIGHT)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<L: QueryId, R: QueryId> QueryId for BlindIndexEq<L, R> {
    type QueryId = BlindIndexEq<L::QueryId, R::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = L::HAS_STATIC_QUERY_ID && R::HAS_STATIC_QUERY_ID;
}

impl<L, R, QS> SelectableExpression<QS> for BlindIndexEq<L, R>
where
    L: SelectableExpression<QS>,
    R: SelectableExpression<QS>,
    Self: AppearsOnTable<QS>,
{
}

impl<L, R, QS> AppearsOnTable<QS> for BlindIndexEq<L, R>
where
    L: AppearsOnTable<QS>,
    R: AppearsOnTable<QS>,
    Self: Expression,
{
}

impl<L, R, G> ValidGrouping<G> for BlindIndexEq<L, R>
where
    (L, R): ValidGrouping<G>,
{
    type IsAggregate = <(L, R) as ValidGrouping<G>>::IsAggregate;
}
