//! A user among others: the keys by which others share with them and know them, and how those are published.

use std::fmt;

use super::{
    authority::KnownUser,
    error::SharingError,
    held,
    holder::{User, UserId},
    hybrid::{EncryptionKey, EncryptionPublicKey, Suite},
    identity::{IdentityChange, IdentityKey, SIGNATURE_LEN, fingerprint, verify},
    key::{KeyPlace, UserKey},
};
use crate::{
    format::held::HeldKind,
    keys::{RandomError, lp},
    label::Label,
};

/// A user's private keys, opened: one that opens what is shared with them, one that signs what they share.
#[derive(Debug)]
pub struct Member {
    pub(super) place: KeyPlace<User>,
    pub(super) encryption: EncryptionKey,
    pub(super) identity: IdentityKey,
}

impl Member {
    /// New keys for the user of `key`.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn generate(key: &UserKey, suite: Suite) -> Result<Self, RandomError> {
        let (encryption, identity) = (EncryptionKey::generate(suite)?, IdentityKey::generate()?);
        Ok(Self { place: key.place().clone(), encryption, identity })
    }

    /// Opens the private keys of `public` with their user's key.
    ///
    /// # Errors
    /// [`SharingError`] if they were altered, or are not those of the public keys.
    pub fn open(key: &UserKey, public: &PublicKeys, sealed: &SealedMember) -> Result<Self, SharingError> {
        let [encryption, identity] = what(&public.encryption, &public.identity);
        let encryption = held::open(key, HeldKind::EncryptionKey, &encryption, &sealed.encryption)?;
        let identity = held::open(key, HeldKind::IdentityKey, &identity, &sealed.identity)?;
        let encryption = EncryptionKey::from_secret(public.encryption.suite(), encryption)?;
        let identity = IdentityKey::from_secret(&identity);
        if encryption.public() == &public.encryption && identity.public() == public.identity {
            Ok(Self { place: key.place().clone(), encryption, identity })
        } else {
            Err(SharingError::OtherKey)
        }
    }

    /// The same identity with another key to encrypt to. Publish it, and seal it, as the first.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn with_new_encryption_key(mut self, suite: Suite) -> Result<Self, RandomError> {
        self.encryption = EncryptionKey::generate(suite)?;
        Ok(self)
    }

    /// Another identity, and the change to it that both sign, by which others follow. Publish it, seal it, and have the
    /// user's record name its fingerprint, in one transaction.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn with_new_identity_key(mut self) -> Result<(Self, IdentityChange), RandomError> {
        let old = std::mem::replace(&mut self.identity, IdentityKey::generate()?);
        let change = IdentityChange::new(&self.place, &old, &self.identity);
        Ok((self, change))
    }

    /// What others may see of it, signed: to be stored in the clear.
    #[must_use]
    pub fn publish(&self) -> PublicKeys {
        let (encryption, identity) = (self.encryption.public().clone(), self.identity.public());
        let signature = self.identity.sign(&message(&self.place, &encryption));
        PublicKeys { encryption, identity, signature }
    }

    /// The private keys, sealed under the user's key: 78 bytes each, to be stored.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn seal(&self, key: &UserKey) -> Result<SealedMember, RandomError> {
        let [encryption, identity] = what(self.encryption.public(), &self.identity.public());
        Ok(SealedMember {
            encryption: held::hold(key, HeldKind::EncryptionKey, &encryption, self.encryption.secret())?,
            identity: held::hold(key, HeldKind::IdentityKey, &identity, &self.identity.secret())?,
        })
    }

    /// What tells this user from every other: 32 bytes that two people can compare. Their record names it.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        fingerprint(&self.place, &self.identity.public())
    }

    /// The user.
    #[must_use]
    pub const fn user(&self) -> &UserId {
        &self.place.holder
    }

    /// The key that opens what is shared with them.
    #[must_use]
    pub const fn encryption_key(&self) -> &EncryptionKey {
        &self.encryption
    }

    /// The key that signs.
    #[must_use]
    pub const fn identity_key(&self) -> &IdentityKey {
        &self.identity
    }
}

/// A user's private keys as they are stored, sealed under the user's key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedMember {
    /// The key that opens what is shared with them.
    pub encryption: Vec<u8>,
    /// The key that signs.
    pub identity: Vec<u8>,
}

impl fmt::Debug for SealedMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedMember")
    }
}

/// A user's public keys as they are stored.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKeys {
    /// What keys are sealed to.
    pub encryption: EncryptionPublicKey,
    /// The identity key.
    pub identity: [u8; 32],
    /// What the identity key signed.
    pub signature: [u8; SIGNATURE_LEN],
}

impl PublicKeys {
    /// Checks that the identity key is the one that the user's record names, and signed the other.
    ///
    /// An application that lies about its records is found out by a [`Pin`](super::Pin) alone.
    ///
    /// # Errors
    /// [`SharingError::OtherIdentity`] or [`SharingError::NotSigned`].
    pub fn verify(&self, user: &KnownUser) -> Result<Contact, SharingError> {
        let fingerprint = fingerprint(&user.place, &self.identity);
        if user.identity != Some(fingerprint) {
            return Err(SharingError::OtherIdentity);
        }
        if !verify(&self.identity, &message(&user.place, &self.encryption), &self.signature) {
            return Err(SharingError::NotSigned);
        }
        Ok(Contact {
            user: user.id().clone(),
            encryption: self.encryption.clone(),
            identity: self.identity,
            fingerprint,
        })
    }
}

impl fmt::Debug for PublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKeys({:?})", self.encryption)
    }
}

/// Someone to share with, or who shared: public keys that were checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    pub(super) user: UserId,
    pub(super) encryption: EncryptionPublicKey,
    pub(super) identity: [u8; 32],
    pub(super) fingerprint: [u8; 32],
}

impl Contact {
    /// The user.
    #[must_use]
    pub const fn user(&self) -> &UserId {
        &self.user
    }

    /// What to pin, and to compare with what they see themselves.
    #[must_use]
    pub const fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// The same user before `change`: who signed what was shared by then.
    ///
    /// # Errors
    /// [`SharingError`] if the change is not signed, or not the one that led to this identity.
    pub fn before(&self, user: &KnownUser, change: &IdentityChange) -> Result<Self, SharingError> {
        let (old, new) = change.verify(&user.place)?;
        if self.user != user.place.holder || self.fingerprint != new {
            return Err(SharingError::OtherIdentity);
        }
        Ok(Self { identity: *change.old(), fingerprint: old, ..self.clone() })
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contact({:?})", self.user)
    }
}

/// `"diesel-encrypted/1 public keys" ‖ where ‖ suite ‖ lp(public key)`.
fn message(place: &KeyPlace<User>, encryption: &EncryptionPublicKey) -> Vec<u8> {
    let mut message = [Label::PublicKeys.as_bytes(), &place.where_bytes(), &[encryption.suite() as u8]].concat();
    lp(&mut message, encryption.as_bytes());
    message
}

/// What the private keys are held as: the public keys that they belong to.
fn what(encryption: &EncryptionPublicKey, identity: &[u8; 32]) -> [Vec<u8>; 2] {
    [[&[encryption.suite() as u8], encryption.as_bytes()].concat(), identity.to_vec()]
}
