//! Pins: the identities that a user has shared with, which nobody without their key can change.

use std::fmt;

use subtle::ConstantTimeEq as _;

use super::{
    authority::KnownUser, error::SharingError, holder::UserId, identity::IdentityChange, key::UserKey, member::Contact,
};
use crate::{
    keys::{hmac, row_mac},
    label::Label,
};

/// The kind of row that its MAC speaks of (docs/format.md, "Rows").
const ROW_KIND: u8 = 4;

/// A row of a user's own: this is whom I know by this name.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pin {
    /// Whom it speaks of.
    pub user: UserId,
    /// The fingerprint of their identity key.
    pub fingerprint: [u8; 32],
    /// `HMAC(HKDF-Expand(user key, "diesel-encrypted/1 pins" ‖ K, 32), "diesel-encrypted/1 row" ‖ 4 ‖ lp(each))`.
    pub mac: [u8; 32],
}

impl Pin {
    /// Pins the identity of `contact` for the user of `key`, at its first use.
    #[must_use]
    pub fn new(key: &UserKey, contact: &Contact) -> Self {
        Self::stored(contact.user.clone(), contact.fingerprint, [0; 32]).authenticate(key)
    }

    /// A pin as it was stored.
    #[must_use]
    pub const fn stored(user: UserId, fingerprint: [u8; 32], mac: [u8; 32]) -> Self {
        Self { user, fingerprint, mac }
    }

    /// Checks that `contact` is the one that was pinned.
    ///
    /// # Errors
    /// [`SharingError::AlteredPin`], or [`SharingError::OtherIdentity`] if their identity has changed: ask for the
    /// [`IdentityChange`], or compare fingerprints by another way.
    pub fn check(&self, key: &UserKey, contact: &Contact) -> Result<(), SharingError> {
        self.authentic(key)?;
        let same = self.user == contact.user && self.fingerprint == contact.fingerprint;
        if same { Ok(()) } else { Err(SharingError::OtherIdentity) }
    }

    /// Goes along with a change that the pinned identity signed: the pin to replace this one.
    ///
    /// # Errors
    /// [`SharingError`] if the pin was altered, the change is of another identity, or not signed by it.
    pub fn follow(&self, key: &UserKey, user: &KnownUser, change: &IdentityChange) -> Result<Self, SharingError> {
        self.authentic(key)?;
        let (old, new) = change.verify(&user.place)?;
        if self.user != *user.id() || self.fingerprint != old {
            return Err(SharingError::OtherIdentity);
        }
        Ok(Self::stored(self.user.clone(), new, [0; 32]).authenticate(key))
    }

    /// The same pin under a new key of its owner.
    ///
    /// # Errors
    /// [`SharingError::AlteredPin`].
    pub fn renew(&self, earlier: &UserKey, key: &UserKey) -> Result<Self, SharingError> {
        self.authentic(earlier)?;
        Ok(self.clone().authenticate(key))
    }

    fn authentic(&self, key: &UserKey) -> Result<(), SharingError> {
        if self.expected_mac(key).ct_eq(&self.mac).into() { Ok(()) } else { Err(SharingError::AlteredPin) }
    }

    fn authenticate(mut self, key: &UserKey) -> Self {
        self.mac = self.expected_mac(key);
        self
    }

    fn expected_mac(&self, key: &UserKey) -> [u8; 32] {
        let pins = hmac(key.subkey(Label::Pins, &key.place().to_bytes()).expose_bytes());
        row_mac(&pins, ROW_KIND, [self.user.as_bytes(), &self.fingerprint])
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({:?})", self.user)
    }
}
