//! The same methods by a named index.

use std::fmt;
use std::marker::PhantomData;

use diesel::expression::Expression;
use diesel::query_source::Column;

use super::search::{Search, SearchValue};
use super::{
    Approximate, BlindConflictTarget, BlindEq, BlindEqAny, BlindEqCandidates, BlindIndex, BlindNe, Exact, Tagged,
    conflict,
};
use crate::column::{DeclaredColumn, NamedIndex, SearchableColumn, StoredAs};

/// `column.by(index)`: the column `E` by its index in `SLOT`. `N` is the column or [`Of<Model, column>`](crate::Of).
#[must_use = "an index does nothing until it is searched"]
pub struct By<E, N, const SLOT: usize> {
    expr: E,
    column: PhantomData<fn() -> N>,
}

impl<E, N, const SLOT: usize> By<E, N, SLOT> {
    pub(super) const fn new(expr: E, _: NamedIndex<N, SLOT>) -> Self {
        Self { expr, column: PhantomData }
    }
}

impl<E: Expression, N: DeclaredColumn, const SLOT: usize> By<E, N, SLOT>
where
    E::SqlType: StoredAs,
    N::Column: SearchableColumn<N::By, SLOT>,
{
    /// [`blind_eq`](super::BlindIndexExpressionMethods::blind_eq) by this index.
    pub fn blind_eq<V>(self, value: V) -> BlindEq<E, SLOT>
    where
        V: SearchValue<N::Class>,
        <N::Column as SearchableColumn<N::By, SLOT>>::Width: Exact,
    {
        BlindEq::new(self.expr, Search::of(N::field(), SLOT, [value]))
    }

    /// [`blind_ne`](super::BlindIndexExpressionMethods::blind_ne) by this index.
    pub fn blind_ne<V>(self, value: V) -> BlindNe<E, SLOT>
    where
        V: SearchValue<N::Class>,
        <N::Column as SearchableColumn<N::By, SLOT>>::Width: Exact,
    {
        BlindNe::new(self.expr, Search::of(N::field(), SLOT, [value]))
    }

    /// [`blind_eq_any`](super::BlindIndexExpressionMethods::blind_eq_any) by this index.
    pub fn blind_eq_any<I>(self, values: I) -> BlindEqAny<E, SLOT>
    where
        I: IntoIterator<Item: SearchValue<N::Class>>,
        <N::Column as SearchableColumn<N::By, SLOT>>::Width: Exact,
    {
        BlindEqAny::new(self.expr, Search::of(N::field(), SLOT, values))
    }

    /// [`blind_index`](super::BlindIndexExpressionMethods::blind_index) of this index.
    pub fn blind_index(self) -> BlindIndex<E, SLOT>
    where
        <N::Column as SearchableColumn<N::By, SLOT>>::Width: Tagged,
    {
        BlindIndex::new(self.expr)
    }

    /// [`blind_eq_candidates`](super::BlindIndexExpressionMethods::blind_eq_candidates) by this index.
    pub fn blind_eq_candidates<V>(self, value: V) -> BlindEqCandidates<E, N, SLOT>
    where
        V: SearchValue<N::Class>,
        <N::Column as SearchableColumn<N::By, SLOT>>::Width: Approximate,
    {
        BlindEqCandidates::new(self.expr, value)
    }

    /// [`blind_conflict_target`](super::BlindIndexExpressionMethods::blind_conflict_target) of this index.
    pub fn blind_conflict_target(self) -> BlindConflictTarget
    where
        E: Column,
        <N::Column as SearchableColumn<N::By, SLOT>>::Width: Tagged,
    {
        conflict::target::<E>(SLOT)
    }
}

impl<E: Clone, N, const SLOT: usize> Clone for By<E, N, SLOT> {
    fn clone(&self) -> Self {
        Self { expr: self.expr.clone(), column: PhantomData }
    }
}

impl<E: Copy, N, const SLOT: usize> Copy for By<E, N, SLOT> {}

impl<E: fmt::Debug, N, const SLOT: usize> fmt::Debug for By<E, N, SLOT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("By").field("expr", &self.expr).field("slot", &SLOT).finish()
    }
}
