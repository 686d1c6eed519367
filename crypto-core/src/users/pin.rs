//! Pins: the identities that a user has shared with, or that a group's members have, which nobody without the user's or the
//! group's key can change.

use std::fmt;

use subtle::ConstantTimeEq as _;

use super::{
    authority::KnownUser,
    error::SharingError,
    holder::{Holder, UserId},
    identity::IdentityChange,
    key::HolderKey,
    member::Contact,
};
use crate::{
    keys::{hmac, row_mac},
    label::Label,
};

/// The kind of row that its MAC speaks of (docs/format.md, "Rows").
const ROW_KIND: u8 = 4;

/// A row of a user's own: this is whom I know by this name. Under a group's key, a row of the group's: this is a member.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pin {
    /// Whom it speaks of.
    pub user: UserId,
    /// The fingerprint of their identity key.
    pub fingerprint: [u8; 32],
    /// `HMAC(HKDF-Expand(key, "diesel-encrypted/1 pins" ‖ K, 32), "diesel-encrypted/1 row" ‖ 4 ‖ lp(each))`, by the key of
    /// the user or the group.
    pub mac: [u8; 32],
}

impl Pin {
    /// Pins the identity of `contact` for the user or the group of `key`, at its first use.
    #[must_use]
    pub fn new<H: Holder>(key: &HolderKey<H>, contact: &Contact) -> Self {
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
    pub fn check<H: Holder>(&self, key: &HolderKey<H>, contact: &Contact) -> Result<(), SharingError> {
        self.authentic(key)?;
        let same = self.user == contact.user && self.fingerprint == contact.fingerprint;
        if same { Ok(()) } else { Err(SharingError::OtherIdentity) }
    }

    /// Goes along with a change that the pinned identity signed: the pin to replace this one.
    ///
    /// # Errors
    /// [`SharingError`] if the pin was altered, the change is of another identity, or not signed by it.
    pub fn follow<H: Holder>(
        &self,
        key: &HolderKey<H>,
        user: &KnownUser,
        change: &IdentityChange,
    ) -> Result<Self, SharingError> {
        self.authentic(key)?;
        let (old, new) = change.verify(&user.place)?;
        if self.user != *user.id() || self.fingerprint != old {
            return Err(SharingError::OtherIdentity);
        }
        Ok(Self::stored(self.user.clone(), new, [0; 32]).authenticate(key))
    }

    /// The same pin under another key: the next of its owner.
    ///
    /// # Errors
    /// [`SharingError::AlteredPin`].
    pub fn renew<H: Holder>(&self, earlier: &HolderKey<H>, key: &HolderKey<H>) -> Result<Self, SharingError> {
        self.authentic(earlier)?;
        Ok(self.clone().authenticate(key))
    }

    /// Checks that whoever has the key wrote it: of a group's, that it is one of its members.
    ///
    /// # Errors
    /// [`SharingError::AlteredPin`].
    pub fn authentic<H: Holder>(&self, key: &HolderKey<H>) -> Result<(), SharingError> {
        if self.expected_mac(key).ct_eq(&self.mac).into() { Ok(()) } else { Err(SharingError::AlteredPin) }
    }

    fn authenticate<H: Holder>(mut self, key: &HolderKey<H>) -> Self {
        self.mac = self.expected_mac(key);
        self
    }

    fn expected_mac<H: Holder>(&self, key: &HolderKey<H>) -> [u8; 32] {
        let pins = hmac(key.subkey(Label::Pins, &key.place().to_bytes()).expose_bytes());
        row_mac(&pins, ROW_KIND, [self.user.as_bytes(), &self.fingerprint])
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({:?})", self.user)
    }
}
