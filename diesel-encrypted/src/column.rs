//! What the compiler knows of an encrypted column: who declared it, what class of value it holds, which blind indexes
//! it has. `#[derive(Encrypted)]` implements these traits; nothing else should.
//!
//! A column is declared once. With the schema in the model's own crate, [`EncryptedColumn`] is implemented with the
//! marker [`Here`], and rustc refuses a second declaration. With the schema in another crate, the orphan rule asks for
//! a local type in the impl: there the model itself takes the place of `Here`, and values name [`Of<Model, column>`].
//!
//! [`Of<Model, column>`]: Of

use std::fmt;
use std::marker::PhantomData;

use diesel::query_source::Column;
use diesel::sql_types::{Binary, Nullable, SqlType, Text};
use diesel_encrypted_core::value::ValueClass;
use diesel_encrypted_core::{Field, Storage};

/// Who declares a column whose schema is in the same crate.
#[derive(Clone, Copy, Debug)]
pub enum Here {}

/// A column that a model declares as encrypted.
///
/// `By` is [`Here`], or the model that declares the column of another crate's schema.
#[diagnostic::on_unimplemented(
    message = "the column `{Self}` is not declared as encrypted",
    label = "not an encrypted column",
    note = "derive `Encrypted` on a model of its table, with `#[encrypt]` on the column's field",
    note = "if the model is in another crate than the schema, write `Of<Model, column>` where the column stands"
)]
pub trait EncryptedColumn<By = Here>: Column<SqlType: StoredAs> {
    /// The class of its values.
    type Class: ValueClass;
    /// [`Unbound`], or [`Bound`] if each value is bound to its owner.
    type Binding;
    /// [`OneLayer`], or [`TwoLayers`] if a user's seal is within the application's.
    type Layers: Layers;

    /// The field as the vault knows it.
    fn field() -> &'static Field;
}

/// An encrypted column with a blind index in slot `SLOT`, counted from 0 in the order of its `#[searchable]`.
#[diagnostic::on_unimplemented(
    message = "the column `{Self}` has no blind index in slot {SLOT}",
    label = "cannot be searched",
    note = "add `#[searchable]` to the column's field in the model that derives `Encrypted`"
)]
pub trait SearchableColumn<By = Here, const SLOT: usize = 0>:
    EncryptedColumn<By, Class: diesel_encrypted_core::value::Searchable>
{
    /// [`Full`], or [`Truncated`] if tags keep less than all their bits; while the column accepts plaintext [`PartlyTagged`]
    /// or [`Unsettled`].
    type Width;
}

/// Values stand for themselves: those of one column could be exchanged by who can write to the database.
#[derive(Clone, Copy, Debug)]
pub enum Unbound {}

/// Each value is bound to its owner or row, and opens nowhere else. Such a column is used through `Sealed`.
#[derive(Clone, Copy, Debug)]
pub enum Bound {}

/// Values are under the application's key, or under a user's.
#[derive(Clone, Copy, Debug)]
pub enum OneLayer {}

/// Each value is under a user's or a group's key, and that again under the application's: [`Layered`](crate::Layered).
#[derive(Clone, Copy, Debug)]
pub enum TwoLayers {}

/// How many layers a column's values have.
pub trait Layers {
    /// Whether there are two.
    const TWO: bool;
}

impl Layers for OneLayer {
    const TWO: bool = false;
}

impl Layers for TwoLayers {
    const TWO: bool = true;
}

/// Tags keep all of their 112 bits: equal tags mean equal values.
#[derive(Clone, Copy, Debug)]
pub enum Full {}

/// Tags keep fewer bits, so that different values share them on purpose: a search returns candidates.
#[derive(Clone, Copy, Debug)]
pub enum Truncated {}

/// [`Full`], in a column that accepts plaintext: rows in the clear have no tag, and SQL can tell which of them are equal.
#[derive(Clone, Copy, Debug)]
pub enum PartlyTagged {}

/// An index in a column that accepts plaintext, by a normaliser that SQL cannot follow: a search returns candidates, with
/// every row in the clear among them.
#[derive(Clone, Copy, Debug)]
pub enum Unsettled {}

/// The column `C` as the model `M` declares it, where the schema is in another crate.
///
/// ```
/// # use diesel_encrypted::{Of, prelude::*};
/// # mod schema {
/// #     diesel::table! { patients (id) { id -> Integer, email -> Binary } }
/// # }
/// # fn main() {}
/// #[derive(Encrypted)]
/// #[diesel(table_name = schema::patients)]
/// #[encrypted(foreign_schema)]
/// struct Patient {
///     #[encrypt]
///     email: Encrypted<String, Of<Patient, schema::patients::email>>,
/// }
/// ```
pub struct Of<M, C>(PhantomData<fn() -> (M, C)>);

/// What stands for an encrypted column in a type: the column itself, or [`Of<Model, column>`](Of).
#[diagnostic::on_unimplemented(
    message = "the column `{Self}` is not declared as encrypted",
    label = "not an encrypted column",
    note = "derive `Encrypted` on a model of its table, with `#[encrypt]` on the column's field",
    note = "if the model is in another crate than the schema, write `Of<Model, column>` where the column stands"
)]
pub trait DeclaredColumn: 'static {
    /// Who declared it: [`Here`], or the model.
    type By: 'static;
    /// Diesel's column.
    type Column: EncryptedColumn<
            Self::By,
            SqlType = Self::SqlType,
            Class = Self::Class,
            Binding = Self::Binding,
            Layers = Self::Layers,
        > + 'static;
    /// The column's SQL type.
    type SqlType: StoredAs;
    /// The class of its values.
    type Class: ValueClass;
    /// [`Unbound`] or [`Bound`].
    type Binding;
    /// [`OneLayer`] or [`TwoLayers`].
    type Layers: Layers;

    /// The field as the vault knows it.
    #[must_use]
    fn field() -> &'static Field {
        <Self::Column as EncryptedColumn<Self::By>>::field()
    }
}

impl<C> DeclaredColumn for C
where
    C: EncryptedColumn + 'static,
{
    type By = Here;
    type Column = C;
    type SqlType = C::SqlType;
    type Class = C::Class;
    type Binding = C::Binding;
    type Layers = C::Layers;
}

impl<M, C> DeclaredColumn for Of<M, C>
where
    M: 'static,
    C: EncryptedColumn<M> + 'static,
{
    type By = M;
    type Column = C;
    type SqlType = C::SqlType;
    type Class = C::Class;
    type Binding = C::Binding;
    type Layers = C::Layers;
}

/// The SQL types that can hold sealed values.
#[diagnostic::on_unimplemented(
    message = "a column of the SQL type `{Self}` cannot hold sealed values",
    label = "not `Binary` or `Text`",
    note = "declare the column as `Binary` (the sealed bytes) or `Text` (their base64url form), `Nullable` or not, \
            whatever the type of the plaintext"
)]
pub trait StoredAs: SqlType {
    /// What the column holds.
    const STORAGE: Storage;
}

impl StoredAs for Binary {
    const STORAGE: Storage = Storage::Binary;
}

impl StoredAs for Text {
    const STORAGE: Storage = Storage::Text;
}

impl<ST> StoredAs for Nullable<ST>
where
    ST: StoredAs + SqlType<IsNull = diesel::sql_types::is_nullable::NotNull>,
{
    const STORAGE: Storage = ST::STORAGE;
}

/// A blind index with a name, such as `Patient::EMAIL_DOMAIN`: slot `SLOT` of the column `C` (or [`Of`]).
///
/// The derive writes a constant of this type for each `#[searchable(name = "..")]`.
pub struct NamedIndex<C, const SLOT: usize>(PhantomData<fn() -> C>);

impl<C, const SLOT: usize> NamedIndex<C, SLOT> {
    /// The index. It carries nothing at run time.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "models have constants of it, nobody else makes one")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<C, const SLOT: usize> Clone for NamedIndex<C, SLOT> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, const SLOT: usize> Copy for NamedIndex<C, SLOT> {}

impl<C, const SLOT: usize> fmt::Debug for NamedIndex<C, SLOT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedIndex").field("slot", &SLOT).finish_non_exhaustive()
    }
}
