//! Locks that the application opens by itself. A user who has one trusts the application with their data, and should be
//! told.

use super::{Lock, LockId, NewLock, open};
use crate::{
    format::{
        FormatError,
        lock::{Kdf, LOCK_LEN, LockKind},
    },
    keys::{DataKey, Secret, extract},
    label::Label,
    users::{
        authority::{Authority, KnownUser},
        error::UnlockError,
        key::UserKey,
    },
};

impl Authority {
    /// A lock of `key` that this authority opens. The id of the authority's key is its tail.
    ///
    /// # Errors
    /// [`UnlockError::Random`] if the operating system has no random bytes to give.
    pub fn escrow(&self, key: &UserKey) -> Result<Lock, UnlockError> {
        let id = self.context().key_id.to_be_bytes();
        let new = NewLock::new(LockKind::Escrow, Kdf::Extract, LockId::random()?, id.to_vec())?;
        let r = r(self.active(), &new.salt);
        Ok(new.seal(key, &r)?.0)
    }

    /// Opens a lock that [`escrow`](Self::escrow) made.
    ///
    /// # Errors
    /// [`UnlockError`] if the lock is of another kind, malformed, altered or planted, or its key is not here.
    pub fn open_escrow(&self, user: &KnownUser, lock: &Lock) -> Result<UserKey, UnlockError> {
        let parts = lock.parts_of(LockKind::Escrow)?;
        let Ok(id) = <[u8; 4]>::try_from(parts.tail) else {
            let (expected, found) = (LOCK_LEN + 4, LOCK_LEN + parts.tail.len());
            return Err(FormatError::TooLong { expected, found }.into());
        };
        let r = r(self.key(u32::from_be_bytes(id))?, parts.salt);
        Ok(open(&parts, lock.id, user, &r)?.0)
    }
}

/// `HKDF-Extract(salt, escrow subkey)`.
fn r(key: &DataKey, salt: &[u8]) -> Secret {
    extract(salt, key.users_subkey(Label::Escrow).expose_bytes())
}
