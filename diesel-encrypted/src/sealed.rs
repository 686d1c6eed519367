//! `Sealed<T, C>`: the ciphertext in memory, sealed and opened by hand.
//!
//! Loading it opens nothing and so never fails on a damaged value: the error comes from `open`, for that value alone.

use std::fmt;
use std::marker::PhantomData;

use diesel_encrypted_core::value::{Decode, Encode};
use diesel_encrypted_core::{Binding, Storage, ValueError, Vault, VaultId};
use once_cell::sync::OnceCell;

use crate::Encrypted;
use crate::bind::{Bindable, Once};
use crate::column::{DeclaredColumn, Layers};
use crate::encrypted::{OpensAlone, OpensForOwner};
use crate::layered::InOneLayer;
use crate::owner::AsOwner;
use crate::stored::Stored;

/// A sealed value of the encrypted column `C`, which opens to a `T`.
///
/// It is for values that are opened rarely, that belong to an owner whom only the application knows, or that may be
/// damaged. Where [`Encrypted`](struct@crate::Encrypted) is used without thinking, this one is used by hand:
///
/// | column | seal | open |
/// |---|---|---|
/// | `#[encrypt]` | [`Sealed::seal`] | [`Sealed::open`], [`Sealed::open_all`] |
/// | `#[encrypt(bound_to(..))]` | [`Sealed::seal_bound`] | [`Sealed::open_bound`] |
///
/// `Option<Sealed<T, C>>` is a column that may be NULL, and is skipped when it is `None` in an insert or a changeset.
/// `Sealed<Option<T>, C>` writes NULL: make it with [`Sealed::null`] or from an `Option<Sealed<T, C>>`.
#[must_use = "a sealed value is stored by a statement, or opened"]
pub struct Sealed<T, C> {
    stored: Stored,
    /// The vault that sealed it in this process; `None` if it was loaded.
    vault: Option<VaultId>,
    value: PhantomData<fn() -> (T, C)>,
}

impl<T, C> Sealed<T, C> {
    const fn with(stored: Stored, vault: Option<VaultId>) -> Self {
        Self { stored, vault, value: PhantomData }
    }

    /// As the database gave it.
    pub(crate) const fn loaded(stored: Stored) -> Self {
        Self::with(stored, None)
    }

    /// What the application's layer is sealed around.
    pub(crate) const fn inner(&self) -> &Stored {
        &self.stored
    }
}

impl<T, C: DeclaredColumn> Sealed<T, C> {
    /// Seals `value` with the vault of this scope, or else the installed one.
    ///
    /// # Errors
    /// [`ValueError`] if there is no vault or it has no key of this column, if the value has no canonical form, and for
    /// NULL, which is never sealed.
    pub fn seal<V>(value: &V) -> Result<Self, ValueError>
    where
        V: Encode<Class = C::Class> + ?Sized,
        C::Binding: OpensAlone,
    {
        let field = C::field();
        Self::sealed_by(|vault| vault.seal(field, value))
    }

    /// Seals `value` for `owner`: the columns that the field's `bound_to` names, in that order. The value opens for the
    /// same owner alone.
    ///
    /// # Errors
    /// As [`Sealed::seal`].
    pub fn seal_bound<V>(value: &V, owner: &(impl AsOwner + ?Sized)) -> Result<Self, ValueError>
    where
        V: Encode<Class = C::Class> + ?Sized,
        C::Binding: OpensForOwner,
    {
        let field = C::field();
        let owner = owner.to_owner(field)?;
        Self::sealed_by(|vault| vault.seal_bound(field, value, &owner))
    }

    fn sealed_by(seal: impl FnOnce(&Vault) -> Result<Vec<u8>, ValueError>) -> Result<Self, ValueError> {
        let field = C::field();
        let mut sealed_by = None;
        let bytes = Vault::with_current(field, |vault| {
            sealed_by = Some(vault.id());
            seal(vault)
        })?;
        // The application's layer takes bytes, whatever the column holds of that.
        let storage = if C::Layers::TWO { Storage::Binary } else { field.storage() };
        Ok(Self::with(Stored::new(storage, bytes), sealed_by))
    }
}

impl<T, C: DeclaredColumn> Sealed<T, C> {
    /// Whether the value is stale, as the vault of this scope, or else the installed one, tells without opening it: under
    /// a key that is not the active one any more, by another algorithm than the model's, without tags of the active
    /// generation of each index, or not sealed at all. Writing it brings it up to date, unless it is bound;
    /// [`reseal_stale`](crate::Reseal::reseal_stale) does where it is stored.
    ///
    /// # Errors
    /// [`ValueError`] if there is no vault, and for what it never opens: no sealed value, or one of a key that it does not
    /// have.
    pub fn is_stale(&self) -> Result<bool, ValueError> {
        let field = C::field();
        Vault::with_current(field, |vault| self.stored.is_stale(vault, field))
    }
}

impl<T: Decode, C: DeclaredColumn> Sealed<T, C> {
    /// Opens the value with the vault of this scope, or else the installed one.
    ///
    /// # Errors
    /// [`ValueError`] if there is no vault, if it lacks the key, or if the value is damaged or of another field, scope or
    /// type.
    pub fn open(&self) -> Result<T, ValueError>
    where
        C::Binding: OpensAlone,
    {
        let field = C::field();
        Vault::with_current(field, |vault| self.stored.open(vault, field, None))
    }

    /// Opens the value for `owner`, as it was given to [`Sealed::seal_bound`].
    ///
    /// # Errors
    /// As [`Sealed::open`], and if the value belongs to another owner.
    pub fn open_bound(&self, owner: &(impl AsOwner + ?Sized)) -> Result<T, ValueError>
    where
        C::Binding: OpensForOwner,
    {
        let field = C::field();
        let owner = owner.to_owner(field)?;
        Vault::with_current(field, |vault| self.stored.open(vault, field, Some(&owner)))
    }

    /// Opens many values, each for itself: a damaged one is reported and does not keep the others.
    ///
    /// ```
    /// # use diesel::prelude::*;
    /// # use diesel_encrypted::prelude::*;
    /// # diesel::table! { patients (id) { id -> Integer, email -> Binary } }
    /// # #[derive(Encrypted)]
    /// # #[diesel(table_name = patients)]
    /// # struct Patient {
    /// #     id: i32,
    /// #     #[encrypt]
    /// #     email: Sealed<String, patients::email>,
    /// # }
    /// # fn main() {}
    /// fn emails(rows: &[Patient]) -> Vec<(usize, String)> {
    ///     let all = Sealed::open_all(rows.iter().map(|row| &row.email));
    ///     for failure in &all.failures {
    ///         eprintln!("patient {}: {}", rows[failure.position].id, failure.error);
    ///     }
    ///     all.opened
    /// }
    /// ```
    pub fn open_all<'a>(values: impl IntoIterator<Item = &'a Self>) -> OpenedAll<T>
    where
        C: 'a,
        T: 'a,
        C::Binding: OpensAlone,
    {
        let mut all = OpenedAll { opened: Vec::new(), failures: Vec::new() };
        for (position, value) in values.into_iter().enumerate() {
            match value.open() {
                Ok(value) => all.opened.push((position, value)),
                Err(error) => all.failures.push(Failure { position, error }),
            }
        }
        all
    }
}

impl<T, C> Sealed<Option<T>, C> {
    /// NULL, to be written.
    pub const fn null() -> Self {
        Self::loaded(Stored::Null)
    }

    /// The sealed value, or `None` for NULL.
    #[must_use]
    pub fn into_option(self) -> Option<Sealed<T, C>> {
        match self.stored {
            Stored::Null => None,
            stored => Some(Sealed::with(stored, self.vault)),
        }
    }
}

impl<T, C> From<Option<Sealed<T, C>>> for Sealed<Option<T>, C> {
    fn from(value: Option<Sealed<T, C>>) -> Self {
        value.map_or_else(Self::null, |value| Self::with(value.stored, value.vault))
    }
}

/// Seals the value: [`Sealed::seal`].
impl<T, C> TryFrom<Encrypted<T, C>> for Sealed<T, C>
where
    T: Encode<Class = C::Class>,
    C: DeclaredColumn<Binding: OpensAlone>,
{
    type Error = ValueError;

    fn try_from(value: Encrypted<T, C>) -> Result<Self, ValueError> {
        Self::seal(value.expose())
    }
}

/// Opens the value: [`Sealed::open`].
impl<T, C> TryFrom<Sealed<T, C>> for Encrypted<T, C>
where
    T: Decode,
    C: DeclaredColumn<Binding: OpensAlone>,
{
    type Error = ValueError;

    fn try_from(sealed: Sealed<T, C>) -> Result<Self, ValueError> {
        let field = C::field();
        let value = Vault::with_current(field, |vault| sealed.stored.open(vault, field, None))?;
        Ok(Self::new(value))
    }
}

impl<T, C> Clone for Sealed<T, C> {
    fn clone(&self) -> Self {
        Self::with(self.stored.clone(), self.vault)
    }
}

impl<T, C> fmt::Debug for Sealed<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed([redacted])")
    }
}

impl<T, C: DeclaredColumn<Layers: InOneLayer>> Bindable for Sealed<T, C> {
    /// A value sealed by this process goes to the scope of the vault that sealed it. One that was loaded is written as it
    /// is, with or without a vault; sealed anew if it is stale, and bound to nothing that would have to be known.
    fn stored<'a>(&'a self, once: &'a OnceCell<Once>) -> Result<&'a Stored, ValueError> {
        let field = C::field();
        let Some(sealed_by) = self.vault else { return Ok(self.resealed(once).unwrap_or(&self.stored)) };
        match Vault::with_current(field, |vault| Ok(vault.id())) {
            Ok(current) if current != sealed_by => Err(crate::error::sealed_elsewhere(field)),
            _ => Ok(&self.stored),
        }
    }
}

impl<T, C: DeclaredColumn> Sealed<T, C> {
    /// The value as it would be sealed now, if it is stale and opens.
    fn resealed<'a>(&self, once: &'a OnceCell<Once>) -> Option<&'a Stored> {
        let field = C::field();
        if field.declared_binding() != Binding::None {
            return None;
        }
        let reseal = |vault: &Vault| {
            if once.get().is_none() && !self.stored.is_stale(vault, field)? {
                return Ok(None);
            }
            let sealed = once.get_or_try_init(|| -> Result<_, ValueError> {
                Ok(Once { vault: vault.id(), stored: self.stored.resealed(vault, field)? })
            })?;
            sealed.under(vault, field).map(Some)
        };
        Vault::with_current(field, reseal).ok().flatten()
    }
}

/// What [`Sealed::open_all`] gave.
#[derive(Clone)]
#[must_use]
#[non_exhaustive]
pub struct OpenedAll<T> {
    /// The opened values with their positions in the input, from 0, in order.
    pub opened: Vec<(usize, T)>,
    /// The values that did not open, in order.
    pub failures: Vec<Failure>,
}

impl<T> OpenedAll<T> {
    /// All values in order, if each opened.
    ///
    /// # Errors
    /// The first failure otherwise.
    pub fn into_result(self) -> Result<Vec<T>, Failure> {
        match self.failures.into_iter().next() {
            Some(failure) => Err(failure),
            None => Ok(self.opened.into_iter().map(|(_, value)| value).collect()),
        }
    }
}

impl<T> fmt::Debug for OpenedAll<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedAll").field("opened", &self.opened.len()).field("failures", &self.failures).finish()
    }
}

/// A value that did not open.
#[derive(Clone, Debug, thiserror::Error)]
#[error("value {position}: {error}")]
#[non_exhaustive]
pub struct Failure {
    /// Its position in the input, from 0.
    pub position: usize,
    /// Why.
    #[source]
    pub error: ValueError,
}
