//! Lazy re-encryption: whether what was loaded is stale, and the trait by which a model's rows are sealed anew.

use diesel::associations::Identifiable;
use diesel_encrypted_core::{Class, EncodeError, EncryptedModel, ValueError, value::Encode};

use crate::column::DeclaredColumn;
use crate::maintenance::{self, MaintenanceConnection, MaintenanceError, Report};
use crate::{Encrypted, Sealed};

/// A model whose loaded values may be stale: sealed under a key that is not the active one any more, by another algorithm
/// than the model's, without tags of the active generation of each index, or not sealed at all.
///
/// `#[derive(Encrypted)]` implements it. Whatever is written is sealed with the active key; this is for rows that are read
/// and otherwise not written, where no [`Maintenance`](crate::maintenance::Maintenance) shall run over the whole table.
///
/// ```
/// use diesel::prelude::*;
/// use diesel_encrypted::Reseal;
/// use diesel_encrypted::prelude::*;
/// # diesel::table! { patients (id) { id -> Integer, email -> Binary } }
/// # fn main() {}
///
/// #[derive(Identifiable, Queryable, Selectable, Encrypted)]
/// #[diesel(table_name = patients)]
/// struct Patient {
///     id: i32,
///     #[encrypt]
///     email: Encrypted<String, patients::email>,
/// }
///
/// fn email(id: i32, conn: &mut SqliteConnection) -> Result<String, Box<dyn std::error::Error>> {
///     let patient = patients::table.find(id).select(Patient::as_select()).first(conn)?;
///     if patient.is_stale()? {
///         let report = patient.reseal_stale(conn)?;
///         for failure in &report.failures {
///             eprintln!("{failure}");
///         }
///     }
///     Ok(patient.email.into_inner())
/// }
/// ```
pub trait Reseal {
    /// The model that declares the columns: itself, or the one that `columns_of` names.
    type Declared;

    /// Whether a value of this row is stale, as it was loaded. Asks no database.
    ///
    /// # Errors
    /// [`ValueError`] of a [`Sealed`] value: see [`Sealed::is_stale`].
    fn is_stale(&self) -> Result<bool, ValueError>;

    /// Seals the values of this row anew that are stale in the database: [`reseal_stale`](fn@crate::reseal_stale), for one
    /// row.
    ///
    /// # Errors
    /// As there.
    fn reseal_stale<'m, C>(&'m self, connection: &mut C) -> Result<Report, MaintenanceError>
    where
        Self: Reseal<Declared: EncryptedModel>,
        &'m Self: Identifiable<Id: AsKey>,
        C: MaintenanceConnection,
    {
        reseal_stale([self], connection)
    }
}

/// Seals anew what is stale of these rows, as it stands in the database: those that are [stale](Reseal::is_stale) or hold a
/// value that cannot tell are read again by primary key, and nothing is asked where none is.
///
/// Each value is written by compare-and-set on what was read, so that no write of the application's is lost; no other
/// column is touched. Inside of a transaction it is part of it. Needs a synchronous connection, and the vault of this scope,
/// or else the installed one.
///
/// The report counts values, and names each that failed by table, column and key. Values that are bound to what only the
/// application knows are skipped (`external`): open such a value, and write it sealed.
///
/// # Errors
/// [`MaintenanceError`] if there is no vault, if a key is of a type that is none (dates, floats, decimals), or if the
/// database fails.
pub fn reseal_stale<'m, M, C>(
    rows: impl IntoIterator<Item = &'m M>,
    connection: &mut C,
) -> Result<Report, MaintenanceError>
where
    M: Reseal<Declared: EncryptedModel> + ?Sized + 'm,
    &'m M: Identifiable<Id: AsKey>,
    C: MaintenanceConnection,
{
    let stale = rows.into_iter().filter(|row| row.is_stale().unwrap_or(true));
    let keys: Result<Vec<_>, EncodeError> = stale.map(|row| row.id().values()).collect();
    match keys.map_err(|_| MaintenanceError::Key)? {
        keys if keys.is_empty() => Ok(Report::default()),
        keys => maintenance::reseal(M::Declared::fields(), &keys, connection),
    }
}

/// A primary key, as `Identifiable` gives it: references to one to four values of types that can be encrypted.
#[diagnostic::on_unimplemented(
    message = "a row cannot be found by a key of type `{Self}`",
    label = "not a primary key of numbers, text, bytes, truth values or UUIDs",
    note = "a type of your own needs `diesel_encrypted::Encode`"
)]
pub trait AsKey {
    /// Each value's class and encoding.
    #[doc(hidden)]
    fn values(&self) -> Result<Vec<(Class, Vec<u8>)>, EncodeError>;
}

impl<T: Encode> AsKey for &T {
    fn values(&self) -> Result<Vec<(Class, Vec<u8>)>, EncodeError> {
        Ok(vec![encoded(*self)?])
    }
}

macro_rules! composite {
    ($(($($part:ident),*),)*) => { $(
        impl<$($part: Encode),*> AsKey for ($(&$part),*) {
            fn values(&self) -> Result<Vec<(Class, Vec<u8>)>, EncodeError> {
                #[allow(non_snake_case, reason = "each value is called as its type")]
                let ($($part),*) = *self;
                Ok(vec![$(encoded($part)?),*])
            }
        }
    )* };
}

composite! {
    (A, B),
    (A, B, C),
    (A, B, C, D),
}

fn encoded<T: Encode>(value: &T) -> Result<(Class, Vec<u8>), EncodeError> {
    let mut bytes = Vec::with_capacity(value.encoded_len());
    value.encode(&mut bytes)?;
    Ok((<T::Class as diesel_encrypted_core::value::ValueClass>::CLASS, bytes))
}

/// A field of a model that may be stale.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither `Encrypted` nor `Sealed`",
    label = "not an encrypted type"
)]
pub trait MaybeStale {
    /// Whether it is.
    fn is_stale(&self) -> Result<bool, ValueError>;
}

impl<T, C> MaybeStale for Encrypted<T, C> {
    fn is_stale(&self) -> Result<bool, ValueError> {
        Ok(self.is_stale())
    }
}

impl<T, C: DeclaredColumn> MaybeStale for Sealed<T, C> {
    fn is_stale(&self) -> Result<bool, ValueError> {
        self.is_stale()
    }
}

impl<V: MaybeStale> MaybeStale for Option<V> {
    fn is_stale(&self) -> Result<bool, ValueError> {
        self.as_ref().map_or(Ok(false), MaybeStale::is_stale)
    }
}

/// Whether one of them is.
pub fn any_stale(values: &[&dyn MaybeStale]) -> Result<bool, ValueError> {
    for value in values {
        if value.is_stale()? {
            return Ok(true);
        }
    }
    Ok(false)
}
