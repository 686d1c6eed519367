//! From an expression to the column that it stands for.

use diesel::expression::Expression;
use diesel::query_source::{AliasSource, AliasedField, Column};

/// A column itself.
#[derive(Debug)]
pub enum AsColumn {}
/// A column of an aliased table.
#[derive(Debug)]
pub enum AsAliased {}
/// `.nullable()` of an expression of the kind `K`.
#[derive(Debug)]
pub enum AsNullable<K> {
    #[doc(hidden)]
    _Kind(std::marker::PhantomData<K>, std::convert::Infallible),
}

/// An expression that is a column, a column of an alias, or `.nullable()` of one.
///
/// `Kind` is inferred. It tells the impls apart, which would overlap without it: Diesel might yet make an aliased field
/// a `Column`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column",
    label = "only a column has a blind index",
    note = "columns, columns of an alias and `.nullable()` of them can be searched"
)]
pub trait Locates<Kind>: Expression {
    /// The column.
    type Column: Column;
}

/// The column `C` itself.
#[diagnostic::on_unimplemented(
    message = "this belongs to the column `{Self}`, and the column `{C}` is meant",
    label = "of another column",
    note = "an index and a value each belong to one column"
)]
pub trait SameColumn<C> {}

impl<C: Column> SameColumn<C> for C {}

impl<C: Column> Locates<AsColumn> for C {
    type Column = C;
}

impl<S, C> Locates<AsAliased> for AliasedField<S, C>
where
    S: AliasSource<Target = C::Table>,
    C: Column,
    Self: Expression,
{
    type Column = C;
}

impl<E, K> Locates<AsNullable<K>> for diesel::dsl::Nullable<E>
where
    E: Locates<K>,
    Self: Expression,
{
    type Column = E::Column;
}
