//! `Encrypted<T, C>`: the plaintext in memory, sealed while it is bound to a statement and opened while it is loaded.
//!
//! It must never print, serialise or compare its value in SQL: the plaintext comes out through [`Encrypted::expose`] and
//! [`Encrypted::into_inner`] alone, so that every such place can be found by searching for two names.

use std::fmt;
use std::marker::PhantomData;

use diesel_encrypted_core::value::Encode;
use diesel_encrypted_core::{ValueError, Vault};
use once_cell::sync::OnceCell;

use crate::bind::{Bindable, Once};
use crate::column::{Bound, DeclaredColumn, Unbound};
use crate::layered::InOneLayer;
use crate::stored::Stored;

/// A value of the encrypted column `C`, in the clear in memory.
///
/// `C` is the column itself (`patients::email`), or [`Of<Model, column>`](crate::Of) if the schema is in another crate
/// than the model. It says which key seals the value and which blind indexes go with it, since Diesel serialises a value
/// without saying where it goes.
///
/// | to | write |
/// |---|---|
/// | store a value | `Encrypted<String, patients::email>` |
/// | skip a column that is not set | `Option<Encrypted<String, patients::phone>>`: `None` is left out, as Diesel does |
/// | store NULL | `Encrypted<Option<String>, patients::phone>`, made with [`Encrypted::null`] |
/// | borrow while inserting | `Encrypted<&'a str, patients::email>` |
/// | need a user's key as well | [`Layered<String, patients::email>`](crate::Layered) |
/// | copy into PostgreSQL, `diesel::copy_from` | any of them but `Option<..>`, with `#[diesel(embed)]` in the inserted struct |
///
/// The vault of the current scope, or else the installed one, is asked when a statement is executed and when a row is
/// loaded. Each statement seals anew: a value holds no ciphertext.
///
/// It implements none of `Display`, `Deref`, `ToSql` and serde's traits, on purpose. `==` compares the plaintext.
#[must_use = "an encrypted value is stored by a statement, or exposed"]
pub struct Encrypted<T, C> {
    value: T,
    /// Whether it was loaded, and what was loaded would be sealed otherwise now.
    stale: bool,
    column: PhantomData<fn() -> C>,
}

impl<T, C> Encrypted<T, C> {
    /// Marks `value` as one of the column `C`.
    pub const fn new(value: T) -> Self {
        Self::with(value, false)
    }

    const fn with(value: T, stale: bool) -> Self {
        Self { value, stale, column: PhantomData }
    }

    /// As it was opened, and whether what it was opened from is stale.
    pub(crate) fn loaded((value, stale): (T, bool)) -> Self {
        Self::with(value, stale)
    }

    /// Whether the value was loaded and is stale: it was sealed under a key that is not the active one any more, by
    /// another algorithm than the model's, without tags of the active generation of each index, or not at all. Writing it
    /// brings it up to date, as does [`reseal_stale`](crate::Reseal::reseal_stale).
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        self.stale
    }

    /// The plaintext.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.value
    }

    /// The plaintext, taken out.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The same value, borrowed: to store a loaded value again without copying it.
    pub const fn as_ref(&self) -> Encrypted<&T, C> {
        Encrypted::with(&self.value, self.stale)
    }
}

impl<T, C> Encrypted<Option<T>, C> {
    /// NULL, to be written.
    pub const fn null() -> Self {
        Self::new(None)
    }
}

impl<T, C> From<T> for Encrypted<T, C> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T, C> From<Option<Encrypted<T, C>>> for Encrypted<Option<T>, C> {
    /// `None` becomes NULL.
    fn from(value: Option<Encrypted<T, C>>) -> Self {
        let stale = value.as_ref().is_some_and(Encrypted::is_stale);
        Self::with(value.map(Encrypted::into_inner), stale)
    }
}

impl<T: Clone, C> Clone for Encrypted<T, C> {
    fn clone(&self) -> Self {
        Self::with(self.value.clone(), self.stale)
    }
}

impl<T: PartialEq, C> PartialEq for Encrypted<T, C> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq, C> Eq for Encrypted<T, C> {}

impl<T, C> fmt::Debug for Encrypted<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted([redacted])")
    }
}

/// A column whose values are sealed and opened without being told an owner.
#[diagnostic::on_unimplemented(
    message = "the values of this column are bound to their owner, who is not named here",
    label = "declared with `bound_to`",
    note = "the column is used through `Sealed<T, C>`: seal with `Sealed::seal_bound(&value, &owner)`, open with \
            `.open_bound(&owner)`"
)]
pub trait OpensAlone {}

impl OpensAlone for Unbound {}

/// A column whose values are sealed and opened for an owner.
#[diagnostic::on_unimplemented(
    message = "the values of this column are not bound to an owner",
    label = "declared without `bound_to`",
    note = "use `Sealed::seal` and `.open()`, or declare the field as `#[encrypt(bound_to(..))]`"
)]
pub trait OpensForOwner {}

impl OpensForOwner for Bound {}

impl<T: Encode, C: DeclaredColumn<Binding: OpensAlone, Layers: InOneLayer>> Bindable for Encrypted<T, C> {
    fn stored<'a>(&'a self, once: &'a OnceCell<Once>) -> Result<&'a Stored, ValueError> {
        if self.value.is_null() {
            return Ok(&Stored::Null);
        }
        let field = C::field();
        Vault::with_current(field, |vault| {
            let sealed = once.get_or_try_init(|| -> Result<_, ValueError> {
                let bytes = vault.seal(field, &self.value)?;
                Ok(Once { vault: vault.id(), stored: Stored::new(field.storage(), bytes) })
            })?;
            sealed.under(vault, field)
        })
    }
}
