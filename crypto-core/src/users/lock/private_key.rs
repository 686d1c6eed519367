//! Locks that a private key opens: of another device, of a card, of someone whom a user trusts with theirs.

use std::fmt;

use subtle::ConstantTimeEq as _;

use super::{Lock, LockId, NewLock, open};
use crate::{
    format::lock::{Kdf, LockKind},
    keys::{extract, hmac, row_mac},
    label::Label,
    users::{
        authority::KnownUser,
        error::{SharingError, UnlockError},
        holder::User,
        hybrid::{EncryptionKey, EncryptionPublicKey, Suite},
        key::{KeyPlace, UserKey},
    },
};

impl Lock {
    /// A lock of `key` that the private key of `public` opens. Its tail is `suite ‖ encapsulated key`, and its secret what
    /// HPKE's base mode exports (RFC 9180, section 5.3).
    ///
    /// Whoever has a public key can make such a lock for a key of their own; the user's record is what it fails on.
    ///
    /// # Errors
    /// [`UnlockError::PublicKey`] if `public` is no key, or there are no random bytes.
    pub fn for_private_key(key: &UserKey, public: &EncryptionPublicKey) -> Result<Self, UnlockError> {
        Self::for_private_key_as(LockId::random()?, key, public)
    }

    fn for_private_key_as(id: LockId, key: &UserKey, public: &EncryptionPublicKey) -> Result<Self, UnlockError> {
        let (encapsulated, secret) =
            public.agree(&info(public.suite(), key.place(), id)).map_err(|error| match error {
                SharingError::Random(error) => UnlockError::Random(error),
                _ => UnlockError::PublicKey,
            })?;
        let tail = [&[public.suite() as u8], &*encapsulated].concat();
        let new = NewLock::new(LockKind::PrivateKey, Kdf::Extract, id, tail)?;
        let r = extract(&new.salt, secret.expose_bytes());
        Ok(new.seal(key, &r)?.0)
    }

    /// Opens a lock by its private key.
    ///
    /// # Errors
    /// [`UnlockError::Wrong`] for another key, and the others for a lock that is malformed, altered or planted.
    pub fn open_with_private_key(&self, user: &KnownUser, private: &EncryptionKey) -> Result<UserKey, UnlockError> {
        let parts = self.parts_of(LockKind::PrivateKey)?;
        let (suite, encapsulated) = parts.tail.split_first().ok_or(UnlockError::Wrong)?;
        let suite = Suite::parse(*suite)?;
        if suite != private.public().suite() {
            return Err(UnlockError::Wrong);
        }
        let secret =
            private.agreed(encapsulated, &info(suite, user.place(), self.id)).map_err(|_| UnlockError::Wrong)?;
        let r = extract(parts.salt, secret.expose_bytes());
        Ok(open(&parts, self.id, user, &r)?.0)
    }
}

/// The kind of row that a recipient's MAC speaks of (docs/format.md, "Rows").
const ROW_KIND: u8 = 6;

/// Whom a lock of a private key is for: a row of the user's own, by which the lock goes over to their next key. The lock
/// itself does not say, and a public key that somebody else put there would be given that key.
#[derive(Clone, PartialEq, Eq)]
pub struct LockRecipient {
    lock: LockId,
    public: EncryptionPublicKey,
    mac: [u8; 32],
}

impl LockRecipient {
    /// Says that `lock` is for the private key of `public`. Stored beside the lock.
    #[must_use]
    pub fn new(key: &UserKey, lock: LockId, public: &EncryptionPublicKey) -> Self {
        let mut recipient = Self::stored(lock, public.clone(), [0; 32]);
        recipient.mac = recipient.expected_mac(key);
        recipient
    }

    /// A recipient as it was stored.
    #[must_use]
    pub const fn stored(lock: LockId, public: EncryptionPublicKey, mac: [u8; 32]) -> Self {
        Self { lock, public, mac }
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &EncryptionPublicKey {
        &self.public
    }

    /// `HMAC(HKDF-Expand(user key, "diesel-encrypted/1 pins" ‖ K, 32), "diesel-encrypted/1 row" ‖ 6 ‖ lp(lock id) ‖
    /// lp(suite u8) ‖ lp(public key))`.
    #[must_use]
    pub const fn mac(&self) -> &[u8; 32] {
        &self.mac
    }

    /// The lock of `key`, which follows `earlier`, for the same private key, under the same id.
    ///
    /// # Errors
    /// [`UnlockError::Altered`] if the recipient was altered, or is of another user or lock.
    pub fn renew(&self, earlier: &UserKey, key: &UserKey) -> Result<(Lock, Self), UnlockError> {
        if !bool::from(self.expected_mac(earlier).ct_eq(&self.mac)) {
            return Err(UnlockError::Altered);
        }
        Ok((Lock::for_private_key_as(self.lock, key, &self.public)?, Self::new(key, self.lock, &self.public)))
    }

    fn expected_mac(&self, key: &UserKey) -> [u8; 32] {
        let pins = hmac(key.subkey(Label::Pins, &key.place().to_bytes()).expose_bytes());
        row_mac(&pins, ROW_KIND, [&self.lock.as_bytes()[..], &[self.public.suite() as u8], self.public.as_bytes()])
    }
}

impl fmt::Debug for LockRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LockRecipient({:?})", self.public)
    }
}

/// `"diesel-encrypted/1 private key lock" ‖ suite ‖ K ‖ lock id`.
fn info(suite: Suite, place: &KeyPlace<User>, id: LockId) -> Vec<u8> {
    [Label::PrivateKeyLock.as_bytes(), &[suite as u8], &place.to_bytes(), id.as_bytes()].concat()
}
