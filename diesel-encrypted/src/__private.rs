//! What code written by `#[derive(Encrypted)]` names. No part of the public API: it changes without notice.

pub use diesel::deserialize::Result as Loaded;
pub use diesel::query_builder::AstPass;
pub use diesel::query_source::Column;
pub use diesel::result::QueryResult;
pub use diesel::sql_types::HasSqlType;
use diesel_encrypted_core::value;
pub use diesel_encrypted_core::value::{Encode, Normalizable, ValueClass, class};
pub use diesel_encrypted_core::{Algorithm, Binding, EncryptedModel, Field, Index, Normalizer, Plaintext, ValueError};

pub use crate::backend::{Dialect, KnownBackend, Probe, bytes_of};
pub use crate::column::{
    Bound, DeclaredColumn, EncryptedColumn, Full, Here, Layers, NamedIndex, Of, OneLayer, PartlyTagged,
    SearchableColumn, StoredAs, Truncated, TwoLayers, Unbound, Unsettled,
};
pub use crate::stale::{MaybeStale, Reseal, any_stale};
pub use crate::store::array::Array;
use crate::{Encrypted, Layered, Sealed};

/// The type of a field that maps to the encrypted column `C`, declared by `By`.
#[diagnostic::on_unimplemented(
    message = "this field is declared as encrypted, but its type is `{Self}`",
    label = "not an encrypted type",
    note = "the type of an `#[encrypt]` field is `Encrypted<T, {C}>` or `Sealed<T, {C}>`, or an `Option` of one of \
            them (`Of<Model, {C}>` in place of the column under `foreign_schema`)"
)]
pub trait FieldOf<C, By = Here> {
    /// The class of its values.
    type Class: ValueClass;
    /// How many layers they have.
    type Layers: Layers;
    /// The number of the class, for [`Class`].
    const CLASS: u8 = Self::Class::CLASS as u8;
    /// Whether there are two layers, for [`LayersIf`].
    const TWO_LAYERS: bool = Self::Layers::TWO;
}

impl<T: Encode, N: Names<C, By>, C, By> FieldOf<C, By> for Encrypted<T, N> {
    type Class = T::Class;
    type Layers = OneLayer;
}

impl<T: Encode, N: Names<C, By>, C, By> FieldOf<C, By> for Sealed<T, N> {
    type Class = T::Class;
    type Layers = OneLayer;
}

impl<T: Encode, N: Names<C, By>, C, By> FieldOf<C, By> for Layered<T, N> {
    type Class = T::Class;
    type Layers = TwoLayers;
}

impl<T: Encode, N: Names<C, By>, C, By> FieldOf<C, By> for Option<Encrypted<T, N>> {
    type Class = T::Class;
    type Layers = OneLayer;
}

impl<T: Encode, N: Names<C, By>, C, By> FieldOf<C, By> for Option<Sealed<T, N>> {
    type Class = T::Class;
    type Layers = OneLayer;
}

impl<T: Encode, N: Names<C, By>, C, By> FieldOf<C, By> for Option<Layered<T, N>> {
    type Class = T::Class;
    type Layers = TwoLayers;
}

/// The type of a field that maps to a column whose values are bound to their owner.
#[diagnostic::on_unimplemented(
    message = "the values of this column are bound to their owner, but the field's type is `{Self}`",
    label = "not `Sealed<T, {C}>`",
    note = "Diesel loads a field without its row, so a bound value is opened by hand: write `Sealed<T, {C}>`, or an \
            `Option` of it"
)]
pub trait BoundFieldOf<C, By = Here> {
    /// The class of its values.
    type Class: ValueClass;
    /// How many layers they have.
    type Layers: Layers;
    /// The number of the class, for [`Class`].
    const CLASS: u8 = Self::Class::CLASS as u8;
    /// Whether there are two layers, for [`LayersIf`].
    const TWO_LAYERS: bool = Self::Layers::TWO;
}

impl<T: Encode, N: Names<C, By>, C, By> BoundFieldOf<C, By> for Sealed<T, N> {
    type Class = T::Class;
    type Layers = OneLayer;
}

impl<T: Encode, N: Names<C, By>, C, By> BoundFieldOf<C, By> for Layered<T, N> {
    type Class = T::Class;
    type Layers = TwoLayers;
}

impl<T: Encode, N: Names<C, By>, C, By> BoundFieldOf<C, By> for Option<Sealed<T, N>> {
    type Class = T::Class;
    type Layers = OneLayer;
}

impl<T: Encode, N: Names<C, By>, C, By> BoundFieldOf<C, By> for Option<Layered<T, N>> {
    type Class = T::Class;
    type Layers = TwoLayers;
}

/// What stands for the column `C` in a type: itself if its own crate declares it, else `Of<Model, C>`.
#[diagnostic::on_unimplemented(
    message = "this field maps to the column `{C}`, but its type says `{Self}`",
    label = "names another column",
    note = "each sealed value belongs to one column: name the column that the field maps to (`Of<Model, column>` if \
            the schema is in another crate, and only then)"
)]
pub trait Names<C, By> {}

impl<C, By: InItsSchema> Names<C, By> for C {}

impl<C, M, By: Model<M>> Names<C, By> for Of<M, C> {}

/// [`Here`]: who declares a column in the crate of its schema.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares a column of another crate's schema, but the field's type names the column alone",
    label = "write `Of<{Self}, column>` where the column stands",
    note = "only the model is a type of this crate, so the trait is implemented for the column and the model together"
)]
pub trait InItsSchema {}

impl InItsSchema for Here {}

/// The model `M` itself.
#[diagnostic::on_unimplemented(
    message = "the field's type says `Of<{M}, column>`, but `{M}` declares no columns of another crate's schema",
    label = "name the column alone",
    note = "`Of` is for a model with `#[encrypted(foreign_schema)]`"
)]
pub trait Model<M> {}

impl<M> Model<M> for M {}

/// A model that declares the column `C`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare the column `{C}` as encrypted",
    label = "not an encrypted column of `{Self}`",
    note = "put `#[encrypt]` on the column's field in `{Self}`"
)]
pub trait Declares<C> {
    /// The column, or [`Of`] the model and the column if the schema is in another crate.
    type As: DeclaredColumn;
}

/// Who declares the column `C` of the model `M`.
pub type ByOf<M, C> = <<M as Declares<C>>::As as DeclaredColumn>::By;

/// The class of a user's field, which is that of the column.
#[diagnostic::on_unimplemented(
    message = "the column holds values of class `{Class}`, but this field's type is of class `{Self}`",
    label = "another class than the column's",
    note = "use the type that the declaring model has, or a borrowed form of it (`&str` for `String`)"
)]
pub trait Is<Class> {}

impl<Class> Is<Class> for Class {}

/// A column's binding that admits fields of type `F`.
#[diagnostic::on_unimplemented(
    message = "the values of this column are bound to their owner, but the field's type is `{F}`",
    label = "not `Sealed<T, column>`",
    note = "Diesel loads a field without its row, so a bound value is opened by hand: write `Sealed<T, column>`, or an \
            `Option` of it"
)]
pub trait Admits<F> {}

impl<F> Admits<F> for Unbound {}

impl<T, N> Admits<Sealed<T, N>> for Bound {}

impl<T, N> Admits<Option<Sealed<T, N>>> for Bound {}

impl<T, N> Admits<Layered<T, N>> for Bound {}

impl<T, N> Admits<Option<Layered<T, N>>> for Bound {}

/// As many layers as the column's values have.
#[diagnostic::on_unimplemented(
    message = "this field's values have `{Self}`, and the column's `{Layers}`",
    label = "not what the declaring model says",
    note = "`Layered<T, column>` is the application's layer around a user's, `Encrypted<T, column>` and `Sealed<T, column>` \
            are one layer: use the form that the declaring model has"
)]
pub trait Are<Layers> {}

impl<Layers> Are<Layers> for Layers {}

/// [`FieldOf`] without a class, for types that are not known yet.
#[diagnostic::on_unimplemented(
    message = "this field maps to an encrypted column, but its type is `{Self}`",
    label = "not an encrypted type",
    note = "the type of an `#[encrypt]` field is `Encrypted<T, {C}>` or `Sealed<T, {C}>`, or an `Option` of one of \
            them (`Of<Model, {C}>` in place of the column under `foreign_schema`)"
)]
pub trait Holds<C, By> {}

impl<T, N: Names<C, By>, C, By> Holds<C, By> for Encrypted<T, N> {}

impl<T, N: Names<C, By>, C, By> Holds<C, By> for Sealed<T, N> {}

impl<T, N: Names<C, By>, C, By> Holds<C, By> for Option<Encrypted<T, N>> {}

impl<T, N: Names<C, By>, C, By> Holds<C, By> for Option<Sealed<T, N>> {}

/// The class of this number.
///
/// `type Class = Class<{ <FieldType as FieldOf<..>>::CLASS }>` may name a private type, which the same without the
/// constant may not.
pub type Class<const NUMBER: u8> = <Numbered<NUMBER> as IsClass>::Class;

/// A number that stands for a class.
#[derive(Debug)]
pub enum Numbered<const NUMBER: u8> {}

/// A number of a class.
pub trait IsClass {
    /// The class.
    type Class: ValueClass;
}

/// [`TwoLayers`] if `TWO`, else [`OneLayer`]: as [`Class`].
pub type LayersIf<const TWO: bool> = <Counted<TWO> as IsLayers>::Layers;

/// Whether there are two layers.
#[derive(Debug)]
pub enum Counted<const TWO: bool> {}

/// A number of layers.
pub trait IsLayers {
    /// What stands for them.
    type Layers: Layers;
}

impl IsLayers for Counted<false> {
    type Layers = OneLayer;
}

impl IsLayers for Counted<true> {
    type Layers = TwoLayers;
}

macro_rules! classes {
    ($($class:ident)*) => { $(
        impl IsClass for Numbered<{ value::Class::$class as u8 }> {
            type Class = class::$class;
        }
    )* };
}
classes!(Text Bytes Bool Signed Unsigned Float Uuid Time Decimal Json);

/// Begins the field of the column `C`.
#[must_use]
pub const fn declare<C, By>(id: &'static str, table: &'static str) -> Field
where
    C: EncryptedColumn<By>,
{
    let field = Field::new(id, table, C::NAME, C::Class::CLASS, <C::SqlType as StoredAs>::STORAGE);
    if C::Layers::TWO { field.two_layers() } else { field }
}

/// Compiles if the values of the column `C` can be normalised.
pub const fn normalizes<C, By>()
where
    C: EncryptedColumn<By, Class: Normalizable>,
{
}

/// Compiles if a field of type `F` can use the column `C` as the model `M` declares it.
pub fn uses<M, C, F>()
where
    M: Declares<C>,
    <M::As as DeclaredColumn>::Binding: Admits<F>,
    F: FieldOf<
            C,
            ByOf<M, C>,
            Class: Is<<M::As as DeclaredColumn>::Class>,
            Layers: Are<<M::As as DeclaredColumn>::Layers>,
        >,
{
}

/// [`uses`] for a struct with type parameters, whose class is not known yet.
pub fn uses_generic<M, C, F>()
where
    M: Declares<C>,
    <M::As as DeclaredColumn>::Binding: Admits<F>,
    F: Holds<C, ByOf<M, C>>,
{
}
