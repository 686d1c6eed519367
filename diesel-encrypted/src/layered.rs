//! Two layers: a user's seal within the application's. The outer one is sealed and opened as [`Encrypted`] is, the inner one
//! by hand as [`Sealed`] is, each in its own vault.
//!
//! The application alone must never get to seal, open or search the inner value, and a user's vault never the outer one.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::sql_types::{Binary, Nullable, SqlType, Text, is_nullable};
use diesel_encrypted_core::{Decode, Encode, ValueError, Vault};
use once_cell::sync::OnceCell;

use crate::backend::KnownBackend;
use crate::bind::{Bindable, Once};
use crate::column::{DeclaredColumn, OneLayer, TwoLayers};
use crate::dsl::{Confirms, SameColumn, normalized};
use crate::encrypted::OpensAlone;
use crate::stored::Stored;
use crate::{Encrypted, Sealed};

/// A value that needs both the application's key and a user's or a group's.
///
/// ```
/// # use diesel::prelude::*;
/// # use diesel_encrypted::prelude::*;
/// # diesel::table! { notes (id) { id -> Integer, author -> Integer, body -> Binary } }
/// # fn main() {}
/// #[derive(Queryable, Selectable, Insertable, Encrypted)]
/// #[diesel(table_name = notes)]
/// struct Note {
///     id: i32,
///     author: i32,
///     #[encrypt]
///     #[searchable(normalize = "lowercase")]
///     body: Layered<String, notes::body>,
/// }
///
/// /// With the application's vault installed, and the user's entered around this.
/// fn write(conn: &mut SqliteConnection, note: (i32, i32, &str)) -> Result<usize, Box<dyn std::error::Error>> {
///     let note = Note { id: note.0, author: note.1, body: Sealed::seal(note.2)?.into() };
///     Ok(note.insert_into(notes::table).execute(conn)?)
/// }
///
/// /// Within the user's vault too.
/// fn find(conn: &mut SqliteConnection, text: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
///     let found: Vec<Note> = notes::table.filter(notes::body.blind_eq(text)).select(Note::as_select()).load(conn)?;
///     found.iter().map(|note| Ok(note.body.expose().open()?)).collect()
/// }
/// ```
///
/// | what is done | needs |
/// |---|---|
/// | [`Sealed::seal`], [`Sealed::seal_bound`] | the user's vault |
/// | storing and loading it, still sealed by the user | the application's |
/// | [`Sealed::open`], [`Sealed::open_bound`], after [`Encrypted::expose`] | the user's |
/// | `blind_eq` and all that searches | the user's, since the tags are |
///
/// The application's vault is the one in use, or the one that was when the user's was entered. So all of it works within
/// the user's vault, and rows load without one. What lacks a vault is an error that says which:
/// [`ValueError::UserLayer`] or [`ValueError::ApplicationLayer`].
///
/// `Option<Layered<T, C>>` is a column that may be NULL. `Layered<Option<T>, C>` writes NULL: make it with
/// [`Sealed::null`].
pub type Layered<T, C> = Encrypted<Sealed<T, C>, C>;

/// A column whose values have one layer.
#[diagnostic::on_unimplemented(
    message = "the values of this column have two layers, the application's around a user's",
    label = "declared as `Layered<T, C>`",
    note = "write `Layered<T, C>`: seal with `Sealed::seal(&value)?.into()` in the user's vault, open what is loaded with \
            `.expose().open()` there"
)]
pub trait InOneLayer {}

impl InOneLayer for OneLayer {}

/// A column whose values have two layers.
#[diagnostic::on_unimplemented(
    message = "the values of this column have one layer",
    label = "not declared as `Layered<T, C>`",
    note = "write `Encrypted<T, C>` or `Sealed<T, C>`, or declare the field as `Layered<T, C>`"
)]
pub trait InTwoLayers {}

impl InTwoLayers for TwoLayers {}

impl<T, C: DeclaredColumn<Layers: InTwoLayers>> Bindable for Layered<T, C> {
    fn stored<'a>(&'a self, once: &'a OnceCell<Once>) -> Result<&'a Stored, ValueError> {
        let inner = match self.expose().inner() {
            Stored::Bytes(inner) => inner,
            other => return Ok(other),
        };
        let field = C::field();
        Vault::with_application(field, |vault| {
            let sealed = once.get_or_try_init(|| -> Result<_, ValueError> {
                let bytes = vault.seal_layer(field, inner)?;
                Ok(Once { vault: vault.id(), stored: Stored::new(field.storage(), bytes) })
            })?;
            sealed.under(vault, field)
        })
    }
}

impl<T, C> Layered<T, C> {
    /// The inner value as it was found, and whether the layer around it is stale.
    fn loaded_layer((inner, stale): (Vec<u8>, bool)) -> Self {
        Self::loaded((Sealed::loaded(Stored::Bytes(inner)), stale))
    }
}

impl<T, C, DB> FromSql<Binary, DB> for Layered<T, C>
where
    C: DeclaredColumn<Layers: InTwoLayers>,
    DB: KnownBackend,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let field = C::field();
        let load = |sealed: &[u8]| {
            Vault::with_application(field, |vault| {
                Ok((vault.open_layer(field, sealed)?, vault.is_stale(field, sealed)?))
            })
        };
        Ok(Self::loaded_layer(DB::with_bytes(bytes, load)??))
    }
}

impl<T, C, DB> FromSql<Text, DB> for Layered<T, C>
where
    C: DeclaredColumn<Layers: InTwoLayers>,
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(text: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let (field, sealed) = (C::field(), String::from_sql(text)?);
        let loaded = Vault::with_application(field, |vault| {
            Ok((vault.open_layer_text(field, &sealed)?, vault.is_stale_text(field, &sealed)?))
        })?;
        Ok(Self::loaded_layer(loaded))
    }
}

impl<T, C, ST, DB> FromSql<Nullable<ST>, DB> for Layered<Option<T>, C>
where
    ST: SqlType<IsNull = is_nullable::NotNull>,
    DB: Backend,
    Layered<T, C>: FromSql<ST, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let value = <Layered<T, C> as FromSql<ST, DB>>::from_sql(value)?;
        let stale = value.is_stale();
        Ok(Self::loaded((Some(value.into_inner()).into(), stale)))
    }

    fn from_nullable_sql(value: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
        value.map_or_else(|| Ok(Self::new(Sealed::null())), <Self as FromSql<Nullable<ST>, DB>>::from_sql)
    }
}

/// A candidate is opened to be compared, by the user's vault. Those of other users are candidates too, as few bits of tags
/// are alike by chance, and equal nothing of this one's.
impl<T, N, C, const SLOT: usize> Confirms<C, SLOT> for Layered<T, N>
where
    T: Decode + Encode,
    N: DeclaredColumn<Column: SameColumn<C>, Binding: OpensAlone>,
{
    fn normalized(&self) -> Result<Option<Vec<u8>>, ValueError> {
        match self.expose().open() {
            Ok(value) => normalized::<N, SLOT>(&value),
            Err(ValueError::UnknownKey { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
