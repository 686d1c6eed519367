//! What a bound value's owner may be given as: an identifier, several in a tuple, or an [`Owner`].

use std::borrow::Cow;

use diesel_encrypted_core::value::Encode;
use diesel_encrypted_core::{EncodeError, Field, Owner, ValueError};

/// The owner of a bound value: the columns that the field's `bound_to` names, in their order.
///
/// | the model says | the owner is |
/// |---|---|
/// | `bound_to(user_id)` | `&row.user_id` |
/// | `bound_to(user_id, id)` | `&(row.user_id, row.id)` |
///
/// A tuple of one, `&(id,)`, takes any type that can be encrypted, such as a UUID; [`Owner::and`] takes more than four.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name an owner",
    label = "not an identifier",
    note = "give the identifier (an integer, text or bytes), a tuple of one to four of any type that can be \
            encrypted, or an `Owner`"
)]
pub trait AsOwner {
    /// The owner.
    ///
    /// # Errors
    /// [`EncodeError`] if an identifier has no canonical form.
    fn as_owner(&self) -> Result<Cow<'_, Owner>, EncodeError>;

    /// The owner of a value of `field`.
    ///
    /// # Errors
    /// As [`as_owner`](Self::as_owner), naming the field.
    fn to_owner(&self, field: &'static Field) -> Result<Cow<'_, Owner>, ValueError> {
        self.as_owner().map_err(|source| ValueError::Encode { field: field.into(), source })
    }
}

impl AsOwner for Owner {
    fn as_owner(&self) -> Result<Cow<'_, Owner>, EncodeError> {
        Ok(Cow::Borrowed(self))
    }
}

impl<O: AsOwner + ?Sized> AsOwner for &O {
    fn as_owner(&self) -> Result<Cow<'_, Owner>, EncodeError> {
        (**self).as_owner()
    }
}

macro_rules! identifiers {
    ($($(#[$attribute:meta])* $identifier:ty),* $(,)?) => { $(
        $(#[$attribute])*
        impl AsOwner for $identifier {
            fn as_owner(&self) -> Result<Cow<'_, Owner>, EncodeError> {
                Owner::of(self).map(Cow::Owned)
            }
        }
    )* };
}

identifiers!(i16, i32, i64, u16, u32, u64, str, String, [u8], Vec<u8>);

macro_rules! tuples {
    ($(($first:ident, $($other:ident),*),)*) => { $(
        impl<$first: Encode, $($other: Encode),*> AsOwner for ($first, $($other),*) {
            fn as_owner(&self) -> Result<Cow<'_, Owner>, EncodeError> {
                #[allow(non_snake_case, reason = "each identifier is called as its type")]
                let ($first, $($other),*) = self;
                Ok(Cow::Owned(Owner::of($first)?$(.and($other)?)*))
            }
        }
    )* };
}

tuples! {
    (A,),
    (A, B),
    (A, B, C),
    (A, B, C, D),
}
