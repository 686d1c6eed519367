//! Finds our error within Diesel's.

use std::error::Error as StdError;

use diesel_encrypted_core::{Field, ValueError};

/// The [`ValueError`] behind an error of Diesel's, if an encrypted value is its cause.
///
/// Diesel reports a value that could not be sealed as `SerializationError`, and one that could not be opened as
/// `DeserializationError`, with the column's name and our error somewhere below:
///
/// ```
/// # use diesel::prelude::*;
/// # use diesel_encrypted::prelude::*;
/// # diesel::table! { patients (id) { id -> Integer, email -> Binary, city -> Binary } }
/// # fn email_domain(email: &str) -> String {
/// #     email.rsplit_once('@').map_or(email, |(_, domain)| domain).to_lowercase()
/// # }
/// # #[derive(Queryable, Selectable, Insertable, Encrypted)]
/// # #[diesel(table_name = patients)]
/// # struct Patient {
/// #     id: i32,
/// #     #[encrypt]
/// #     #[searchable(normalize = "lowercase")]
/// #     #[searchable(name = "domain", with = email_domain)]
/// #     email: Encrypted<String, patients::email>,
/// #     #[encrypt]
/// #     #[searchable]
/// #     city: Encrypted<String, patients::city>,
/// # }
/// # fn main() {}
/// use diesel_encrypted::ValueError;
///
/// enum Failure {
///     NoVault,
///     Damaged(ValueError),
///     Database(diesel::result::Error),
/// }
///
/// fn all(conn: &mut SqliteConnection) -> Result<Vec<Patient>, Failure> {
///     let loaded = patients::table.select(Patient::as_select()).load(conn);
///     loaded.map_err(|error| match diesel_encrypted::encryption_error(&error) {
///         Some(ValueError::NoVault { .. }) => Failure::NoVault,
///         Some(damaged) => Failure::Damaged(damaged.clone()),
///         None => Failure::Database(error),
///     })
/// }
/// ```
#[must_use]
pub fn encryption_error(error: &diesel::result::Error) -> Option<&ValueError> {
    use diesel::result::Error;

    match error {
        Error::SerializationError(cause) | Error::DeserializationError(cause) | Error::QueryBuilderError(cause) => {
            find(&**cause)
        }
        Error::RollbackErrorOnCommit { rollback_error, commit_error } => {
            encryption_error(commit_error).or_else(|| encryption_error(rollback_error))
        }
        _ => None,
    }
}

fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a ValueError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<ValueError>() {
            return Some(found);
        }
        if let Some(found) = error.downcast_ref::<diesel::result::Error>().and_then(encryption_error) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// [`encryption_error`] as a method.
pub trait EncryptionErrorExt {
    /// The [`ValueError`] behind this error, if an encrypted value is its cause.
    fn encryption_error(&self) -> Option<&ValueError>;
}

impl EncryptionErrorExt for diesel::result::Error {
    fn encryption_error(&self) -> Option<&ValueError> {
        encryption_error(self)
    }
}

impl<T> EncryptionErrorExt for diesel::QueryResult<T> {
    fn encryption_error(&self) -> Option<&ValueError> {
        self.as_ref().err().and_then(encryption_error)
    }
}

/// A value, tag or search of another vault or scope.
pub(crate) fn sealed_elsewhere(field: &'static Field) -> ValueError {
    ValueError::SealedElsewhere { field: field.into() }
}
