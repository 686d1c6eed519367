//! Who holds a key: a user or a group, by an identifier of the application's own.

use std::{fmt, marker::PhantomData};

use crate::{Encode, EncodeError, Owner};

/// Who can hold a key.
pub trait Holder: sealed::Sealed + 'static {
    /// The number in the context of a key (docs/format.md, "Which key it is"): no data key has it.
    const PURPOSE: u8;
    /// What it is called in messages.
    const NAME: &'static str;
}

/// A user: a person who signs in.
#[derive(Debug)]
pub enum User {}

/// A group of users, or anything else that several of them may open.
#[derive(Debug)]
pub enum Group {}

impl Holder for User {
    const PURPOSE: u8 = 6;
    const NAME: &'static str = "user";
}

impl Holder for Group {
    const PURPOSE: u8 = 7;
    const NAME: &'static str = "group";
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::User {}
    impl Sealed for super::Group {}
}

/// The application's identifier of a user or a group, of any type that can be encrypted: `UserId::of(&7_i64)`.
///
/// The type counts: the user 7 and the user `"7"` are two. It never changes, or what is sealed for it is lost.
pub struct HolderId<H> {
    id: Owner,
    holder: PhantomData<fn() -> H>,
}

/// The application's identifier of a user.
pub type UserId = HolderId<User>;

/// The application's identifier of a group.
pub type GroupId = HolderId<Group>;

impl<H: Holder> HolderId<H> {
    /// Known by one identifier.
    ///
    /// # Errors
    /// [`EncodeError`] if the identifier has no encoding (NULL has none).
    pub fn of<V: Encode + ?Sized>(id: &V) -> Result<Self, EncodeError> {
        Owner::of(id).map(Self::from_owner)
    }

    /// Known by one more: a composite key.
    ///
    /// # Errors
    /// [`EncodeError`] if the identifier has no encoding, or there are more than 255.
    pub fn and<V: Encode + ?Sized>(self, id: &V) -> Result<Self, EncodeError> {
        self.id.and(id).map(Self::from_owner)
    }

    const fn from_owner(id: Owner) -> Self {
        Self { id, holder: PhantomData }
    }

    /// An identifier as a row has it: what [`as_bytes`](Self::as_bytes) gave, and nothing else.
    #[must_use]
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        Owner::stored(bytes).map(Self::from_owner)
    }

    /// `count u8 ‖ (class u8 ‖ lp(encoded))*`: what a value bound to this owner is bound to.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.id.as_bytes()
    }

    /// What values of this holder are bound to.
    #[must_use]
    pub const fn as_owner(&self) -> &Owner {
        &self.id
    }
}

impl<H> Clone for HolderId<H> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), holder: PhantomData }
    }
}

impl<H> PartialEq for HolderId<H> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<H> Eq for HolderId<H> {}

impl<H: Holder> fmt::Debug for HolderId<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({} identifiers)", H::NAME, self.id.count())
    }
}
