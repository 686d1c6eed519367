//! Values of two layers: the application's around a user's or a group's. Each is a sealed value; the outer one has the tags
//! of the inner one, for the database to search by.
//!
//! The application's vault never sees the plaintext, and makes no tag of it.

use super::{
    Vault,
    maintain::seal_with,
    open::{refused, stored_bytes},
};
use crate::{
    Binding, Class, Field, ValueError,
    format::value::{EMPTY_SLOT, SealedValue},
};

impl Vault {
    /// Seals the application's layer around `inner`, which a user's or a group's vault has sealed.
    ///
    /// # Errors
    /// As [`seal`](Self::seal); [`ValueError::ApplicationLayer`] if this is a user's vault; and
    /// [`ValueError::NoUserLayer`] if `inner` is not a value under a user's key, bound as the field says.
    pub fn seal_layer(&self, field: &'static Field, inner: &[u8]) -> Result<Vec<u8>, ValueError> {
        self.needs_application(field)?;
        let slots = parse(field, inner)?.slots;
        let copied = |index: usize, _: &[u8]| Ok(slots.get(index).copied().unwrap_or(EMPTY_SLOT));
        seal_with(self.sealing_keys(field)?, field.class, inner, None, slots.len(), copied)
    }

    /// Opens the application's layer of a value, and gives the inner one, still sealed.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`ValueError::ApplicationLayer`] if this is a user's vault; and
    /// [`ValueError::NoUserLayer`] if there is no value under a user's key inside, with the same tags.
    pub fn open_layer(&self, field: &'static Field, sealed: impl AsRef<[u8]>) -> Result<Vec<u8>, ValueError> {
        self.needs_application(field)?;
        let sealed = sealed.as_ref();
        let inner: Vec<u8> = self.open_stored(field, sealed, None)?;
        let outer =
            SealedValue::parse(sealed).map_err(|source| ValueError::Malformed { field: field.into(), source })?;
        if parse(field, &inner)?.slots == outer.slots { Ok(inner) } else { Err(lacks_user(field)) }
    }

    /// Opens the application's layer of a value of a text column.
    ///
    /// # Errors
    /// As [`open_layer`](Self::open_layer).
    pub fn open_layer_text(&self, field: &'static Field, sealed: &str) -> Result<Vec<u8>, ValueError> {
        self.open_layer(field, stored_bytes(field, sealed).map_err(|error| refused(field, error))?)
    }

    /// Whether this vault has the outer layer of the field's values, and not the inner one.
    #[inline]
    pub(super) fn is_outer(&self, field: &Field) -> bool {
        field.inner.is_some() && !self.0.held
    }

    /// The class of the values that this vault seals.
    pub(super) fn class_of(&self, field: &Field) -> Class {
        field.inner.filter(|_| self.0.held).unwrap_or(field.class)
    }

    /// Refuses to do with the application's key alone what needs the user's.
    #[inline]
    pub(super) fn needs_user(&self, field: &'static Field) -> Result<(), ValueError> {
        if self.is_outer(field) { Err(ValueError::UserLayer { field: field.into() }) } else { Ok(()) }
    }

    fn needs_application(&self, field: &'static Field) -> Result<(), ValueError> {
        if self.0.held { Err(ValueError::ApplicationLayer { field: field.into() }) } else { Ok(()) }
    }
}

/// The inner value, taken apart.
fn parse<'a>(field: &'static Field, inner: &'a [u8]) -> Result<SealedValue<'a>, ValueError> {
    let bound = field.binding != Binding::None;
    let fits = |value: &SealedValue<'_>| value.header.user_key && value.header.bound == bound;
    SealedValue::parse(inner).ok().filter(fits).ok_or_else(|| lacks_user(field))
}

#[cold]
fn lacks_user(field: &'static Field) -> ValueError {
    ValueError::NoUserLayer { field: field.into() }
}
