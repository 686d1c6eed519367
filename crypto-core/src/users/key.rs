//! Keys of users and groups: 32 random bytes each, never stored but in a lock or in a copy for a member.

use std::fmt;

use super::holder::{Group, Holder, HolderId, User};
use crate::{
    keys::{RandomError, Secret, lp, opt, subkey},
    label::Label,
    random,
};

/// Which key of which holder it is, and where: what every use of the key is bound to.
pub struct KeyPlace<H> {
    /// The application's name.
    pub(super) application: String,
    /// The tenant, if there is one.
    pub(super) scope: Option<Vec<u8>>,
    pub(super) holder: HolderId<H>,
    pub(super) key_id: u32,
    pub(super) version: u32,
}

impl<H: Holder> KeyPlace<H> {
    /// Where it is: the application's name and the tenant.
    pub(crate) fn realm(&self) -> (&str, Option<&[u8]>) {
        (&self.application, self.scope.as_deref())
    }

    /// Whose key it is.
    #[must_use]
    pub const fn holder(&self) -> &HolderId<H> {
        &self.holder
    }

    /// The random id, never 0.
    #[must_use]
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The order of the keys of one holder, from 1.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// `K = lp(application) ‖ key id u32 ‖ purpose u8 ‖ version u32 ‖ lp(typed id) ‖ opt(scope)`, laid out as that of a
    /// data key, with a purpose that no data key has.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        lp(&mut out, self.application.as_bytes());
        out.extend_from_slice(&self.key_id.to_be_bytes());
        out.push(H::PURPOSE);
        out.extend_from_slice(&self.version.to_be_bytes());
        lp(&mut out, self.holder.as_bytes());
        opt(&mut out, self.scope.as_deref());
        out
    }

    /// `lp(application) ‖ opt(scope) ‖ lp(typed id)`: the holder, whatever their key.
    pub(super) fn where_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        lp(&mut out, self.application.as_bytes());
        opt(&mut out, self.scope.as_deref());
        lp(&mut out, self.holder.as_bytes());
        out
    }

    /// Whether it is of an earlier key of the same holder.
    pub(super) fn is_before(&self, later: &Self) -> bool {
        self.version < later.version && self.where_bytes() == later.where_bytes()
    }

    /// The place of the next key of this holder, under a new id.
    pub(super) fn next(&self) -> Result<Self, RandomError> {
        let mut next = self.clone();
        next.version = self.version.saturating_add(1);
        while next.key_id == self.key_id {
            next.key_id = random::id()?;
        }
        Ok(next)
    }
}

impl<H> Clone for KeyPlace<H> {
    fn clone(&self) -> Self {
        let Self { application, scope, holder, key_id, version } = self;
        let (application, scope, holder) = (application.clone(), scope.clone(), holder.clone());
        Self { application, scope, holder, key_id: *key_id, version: *version }
    }
}

impl<H> PartialEq for KeyPlace<H> {
    fn eq(&self, other: &Self) -> bool {
        let numbers = |place: &Self| (place.key_id, place.version);
        numbers(self) == numbers(other)
            && self.holder == other.holder
            && self.application == other.application
            && self.scope == other.scope
    }
}

impl<H> Eq for KeyPlace<H> {}

impl<H: Holder> fmt::Debug for KeyPlace<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPlace({} key {:08x}, version {})", H::NAME, self.key_id, self.version)
    }
}

/// The key of a user or a group in memory, and which key it is: the guard of an unlocked user.
///
/// Wiped on drop. It cannot be read, copied, compared or printed, and is never used itself: each use has a subkey.
pub struct HolderKey<H> {
    place: KeyPlace<H>,
    key: Secret,
}

/// The key of a user: what their locks hold.
pub type UserKey = HolderKey<User>;

/// The key of a group: what each member has a copy of.
pub type GroupKey = HolderKey<Group>;

impl<H: Holder> HolderKey<H> {
    pub(super) fn generate(place: KeyPlace<H>) -> Result<Self, RandomError> {
        Ok(Self { place, key: Secret::generate()? })
    }

    pub(super) const fn new(place: KeyPlace<H>, key: Secret) -> Self {
        Self { place, key }
    }

    /// A key to follow this one: of the next version, under a new id.
    ///
    /// A user's new key is the default after a recovery, and a group has one when a member leaves. What was sealed under
    /// this one is sealed anew by a job of the application.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn successor(&self) -> Result<Self, RandomError> {
        Self::generate(self.place.next()?)
    }

    /// Which key it is.
    #[must_use]
    pub const fn place(&self) -> &KeyPlace<H> {
        &self.place
    }

    /// `HKDF-Expand(key, "diesel-encrypted/1 check" ‖ K, 32)`: what tells this key, in this place, from every other.
    #[must_use]
    pub fn check_value(&self) -> [u8; 32] {
        *self.subkey(Label::Check, &self.place.to_bytes()).expose_bytes()
    }

    pub(crate) fn subkey(&self, label: Label, info: &[u8]) -> Secret {
        subkey(&self.key, label, info)
    }

    /// The bytes, for a lock, a copy or a share alone.
    pub(super) const fn secret(&self) -> &Secret {
        &self.key
    }
}

impl<H: Holder> fmt::Debug for HolderKey<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HolderKey({} {:08x}, [redacted])", H::NAME, self.place.key_id)
    }
}
