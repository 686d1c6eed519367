//! Locks that a private key opens: of another device, of a card, of someone whom a user trusts with theirs.

use super::{Lock, LockId, NewLock, open};
use crate::{
    format::lock::{Kdf, LockKind},
    keys::extract,
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
        let id = LockId::random()?;
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

/// `"diesel-encrypted/1 private key lock" ‖ suite ‖ K ‖ lock id`.
fn info(suite: Suite, place: &KeyPlace<User>, id: LockId) -> Vec<u8> {
    [Label::PrivateKeyLock.as_bytes(), &[suite as u8], &place.to_bytes(), id.as_bytes()].concat()
}
