//! SQL types that cannot hold sealed values, and the words in which rustc says what to declare instead.

use diesel_encrypted_core::Storage;

use crate::column::StoredAs;

/// What the bounds below ask of, and no impl satisfies. If they asked of the SQL type, rustc would show the words of
/// [`StoredAs`].
#[derive(Clone, Copy, Debug)]
pub enum SealedValue {}

/// A value that is one element of a column of the SQL type `ST`.
#[cfg(feature = "postgres")]
#[diagnostic::on_unimplemented(
    message = "a column of the SQL type `{ST}` cannot hold sealed values: it is a list, and lists are sealed whole",
    label = "a list",
    note = "to seal the list as one value, declare the column as `Binary` or `Text` and the field as \
            `Encrypted<Json<Vec<T>>, column>`",
    note = "to search the elements, give them a table of their own, one sealed value a row"
)]
pub trait ElementOf<ST> {}

#[cfg(feature = "postgres")]
impl<ST> StoredAs for diesel::sql_types::Array<ST>
where
    Self: diesel::sql_types::SqlType,
    SealedValue: ElementOf<Self>,
{
    const STORAGE: Storage = Storage::Binary;
}

/// A value that the database parses, in a column of the SQL type `ST`.
#[diagnostic::on_unimplemented(
    message = "a column of the SQL type `{ST}` cannot hold sealed values: they are no JSON",
    label = "parsed by the database",
    note = "declare the column as `Binary` or `Text`, and the field as `Encrypted<Json<T>, column>` for a serde type \
            or `Encrypted<Json<serde_json::Value>, column>` for any document",
    note = "SQL cannot look into a sealed document: give what is searched for a `#[searchable]` column of its own"
)]
pub trait JsonIn<ST> {}

macro_rules! parsed_json {
    ($($sql_type:ty)*) => { $(
        impl StoredAs for $sql_type
        where
            // Without a lifetime, rustc would refuse the bound here rather than where a column is declared.
            for<'a> SealedValue: JsonIn<Self>,
        {
            const STORAGE: Storage = Storage::Text;
        }
    )* };
}
parsed_json!(diesel::sql_types::Json);
#[cfg(any(feature = "sqlite", feature = "postgres"))]
parsed_json!(diesel::sql_types::Jsonb);
