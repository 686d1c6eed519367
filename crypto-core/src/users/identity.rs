//! Identity keys: Ed25519 (RFC 8032), by which a user's public keys and shares are told from anyone else's.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{error::SharingError, holder::User, key::KeyPlace};
use crate::{
    keys::{RandomError, Secret},
    label::Label,
};

/// The length of a signature, in bytes.
pub(super) const SIGNATURE_LEN: usize = 64;

/// A private key that signs for one user. Wiped on drop.
pub struct IdentityKey(SigningKey);

impl IdentityKey {
    /// A new key.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn generate() -> Result<Self, RandomError> {
        Secret::generate().map(|seed| Self::from_secret(&seed))
    }

    pub(super) fn from_secret(seed: &Secret) -> Self {
        Self(SigningKey::from_bytes(seed.expose_bytes()))
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(super) fn secret(&self) -> Secret {
        let bytes = Zeroizing::new(self.0.to_bytes());
        let mut secret = Secret::zero();
        secret.as_mut().copy_from_slice(&*bytes);
        secret
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey([redacted])")
    }
}

/// Whether the key `public` signed the message: by the strict rules, under which a signature has one reading
/// (Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs, SSR 2020).
pub(super) fn verify(public: &[u8; 32], message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
    let signature = Signature::from_bytes(signature);
    VerifyingKey::from_bytes(public).and_then(|key| key.verify_strict(message, &signature)).is_ok()
}

/// 32 bytes that two people can compare: `SHA-256("diesel-encrypted/1 fingerprint" ‖ where ‖ identity key)`, with `where`
/// as `lp(application) ‖ opt(scope) ‖ lp(typed id)`.
#[must_use]
pub fn fingerprint(place: &KeyPlace<User>, identity: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(Label::Fingerprint.as_bytes());
    hash.update(place.where_bytes());
    hash.update(identity);
    hash.finalize().into()
}

/// A new identity key in the place of an old one, signed by both.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityChange {
    old: [u8; 32],
    new: [u8; 32],
    by_old: [u8; SIGNATURE_LEN],
    by_new: [u8; SIGNATURE_LEN],
}

impl IdentityChange {
    /// The length of a change, in bytes.
    pub const LEN: usize = 2 * (32 + SIGNATURE_LEN);

    /// Declares `new` to follow `old` as the identity of the user of `place`.
    #[must_use]
    pub fn new(place: &KeyPlace<User>, old: &IdentityKey, new: &IdentityKey) -> Self {
        let message = message(place, &old.public(), &new.public());
        Self { old: old.public(), new: new.public(), by_old: old.sign(&message), by_new: new.sign(&message) }
    }

    /// A change as it was stored: `old key 32 ‖ new key 32 ‖ signature of the old 64 ‖ of the new 64`.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let (mut old, mut new) = ([0; 32], [0; 32]);
        let (mut by_old, mut by_new) = ([0; SIGNATURE_LEN], [0; SIGNATURE_LEN]);
        let parts = old.iter_mut().chain(&mut new).chain(&mut by_old).chain(&mut by_new);
        parts.zip(bytes).for_each(|(place, byte)| *place = *byte);
        Self { old, new, by_old, by_new }
    }

    /// The bytes, to be stored.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let parts = self.old.iter().chain(&self.new).chain(&self.by_old).chain(&self.by_new);
        bytes.iter_mut().zip(parts).for_each(|(place, byte)| *place = *byte);
        bytes
    }

    pub(super) const fn old(&self) -> &[u8; 32] {
        &self.old
    }

    /// Checks both signatures: the fingerprints before and after.
    ///
    /// # Errors
    /// [`SharingError::NotSigned`] if either key did not sign this change of this user.
    pub fn verify(&self, place: &KeyPlace<User>) -> Result<([u8; 32], [u8; 32]), SharingError> {
        let message = message(place, &self.old, &self.new);
        if verify(&self.old, &message, &self.by_old) && verify(&self.new, &message, &self.by_new) {
            Ok((fingerprint(place, &self.old), fingerprint(place, &self.new)))
        } else {
            Err(SharingError::NotSigned)
        }
    }
}

impl fmt::Debug for IdentityChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityChange")
    }
}

fn message(place: &KeyPlace<User>, old: &[u8; 32], new: &[u8; 32]) -> Vec<u8> {
    [Label::IdentityChange.as_bytes(), &place.where_bytes(), old, new].concat()
}
