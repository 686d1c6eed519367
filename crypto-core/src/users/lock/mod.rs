//! Locks: a user key, sealed under what one secret gives. A new password seals 32 bytes anew and touches no data.
//!
//! One run of the lock's KDF gives R. Three labels make of R, and of everything the lock says of itself, the wrapping key,
//! a commitment and the login verifier (HKDF-Expand, RFC 5869). The commitment is compared first, in constant time: an
//! AEAD alone would let a lock be made that opens with two passwords (Len, Grubbs, Ristenpart: Partitioning Oracle
//! Attacks, USENIX Security 2021). The opened key must be the one that the user's record names.

#[cfg(feature = "bcrypt")]
pub mod bcrypt;
pub mod code;
mod escrow;
pub mod password;
pub mod private_key;
pub mod questions;

use std::fmt;

use subtle::ConstantTimeEq as _;

use super::{authority::KnownUser, error::UnlockError, key::UserKey};
use crate::{
    aead::{AeadError, Algorithm, Cipher},
    format::{
        FormatError,
        lock::{Kdf, LockKind, LockParts, NONCE_LEN, header},
    },
    kdf::SALT_LENGTH,
    keys::{RandomError, Secret, subkey},
    label::Label,
    random,
};

/// The id of a lock among those of its user: 16 bytes, random, or of a recovery code what the code gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LockId([u8; 16]);

impl LockId {
    /// An id as it was stored.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    fn random() -> Result<Self, RandomError> {
        let mut id = [0; 16];
        random::fill(&mut id)?;
        Ok(Self(id))
    }

    /// The bytes, as they are stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A lock as it is stored: a row of its user, by its id.
#[derive(Clone, PartialEq, Eq)]
pub struct Lock {
    id: LockId,
    bytes: Vec<u8>,
}

impl Lock {
    /// A lock as it was stored. Nothing of it is believed before it opens.
    #[must_use]
    pub const fn stored(id: LockId, bytes: Vec<u8>) -> Self {
        Self { id, bytes }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> LockId {
        self.id
    }

    /// Its bytes, to be stored: 135, and the tail that some kinds have.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What opens it.
    ///
    /// # Errors
    /// [`FormatError`] if the bytes are no lock.
    pub fn kind(&self) -> Result<LockKind, FormatError> {
        self.parts().map(|parts| parts.kind)
    }

    pub(super) fn parts(&self) -> Result<LockParts<'_>, FormatError> {
        LockParts::parse(&self.bytes)
    }

    /// Its parts, if it is of this kind.
    fn parts_of(&self, kind: LockKind) -> Result<LockParts<'_>, UnlockError> {
        let parts = self.parts()?;
        if parts.kind == kind { Ok(parts) } else { Err(UnlockError::OtherKind) }
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lock({:?})", self.kind())
    }
}

/// A lock that is being made: its header with a new salt.
struct NewLock {
    kind: LockKind,
    kdf: Kdf,
    salt: [u8; SALT_LENGTH],
    id: LockId,
    /// What its kind puts behind it.
    tail: Vec<u8>,
}

impl NewLock {
    fn new(kind: LockKind, kdf: Kdf, id: LockId, tail: Vec<u8>) -> Result<Self, RandomError> {
        let mut salt = [0; SALT_LENGTH];
        random::fill(&mut salt)?;
        Ok(Self { kind, kdf, salt, id, tail })
    }

    /// Seals `key` under R.
    fn seal(self, key: &UserKey, r: &Secret) -> Result<(Lock, Derived), RandomError> {
        let header = header(self.kind, self.kdf, &self.salt);
        let derived = Derived::new(r, context(&header, &self.tail, &key.place().to_bytes(), self.id));
        let mut nonce = [0; NONCE_LEN];
        random::fill(&mut nonce)?;
        let Ok(sealed) = derived.cipher().seal_key(&nonce, &derived.aad(), key.secret()) else {
            unreachable!("32 bytes can be sealed")
        };
        let bytes = [&header[..], &derived.commitment, &nonce, &sealed, &self.tail].concat();
        Ok((Lock { id: self.id, bytes }, derived))
    }
}

/// Opens a lock under R: the key of `user`, and no other.
fn open(parts: &LockParts<'_>, id: LockId, user: &KnownUser, r: &Secret) -> Result<(UserKey, Derived), UnlockError> {
    let derived = Derived::new(r, context(parts.header, parts.tail, &user.place.to_bytes(), id));
    if !bool::from(derived.commitment.ct_eq(parts.commitment)) {
        return Err(UnlockError::Wrong);
    }
    let opened = derived.cipher().open_key(parts.nonce, &derived.aad(), parts.sealed);
    let secret = opened.map_err(|AeadError| UnlockError::Altered)?;
    let key = UserKey::new(user.place.clone(), secret);
    if bool::from(key.check_value().ct_eq(&user.check)) { Ok((key, derived)) } else { Err(UnlockError::OtherKey) }
}

/// `ctx = the bytes up to the salt, and the salt ‖ K ‖ lock id ‖ tail`: nothing about a lock can be changed,
/// and it cannot be moved, without another R being needed.
fn context(header: &[u8], tail: &[u8], place: &[u8], id: LockId) -> Vec<u8> {
    [header, place, id.as_bytes(), tail].concat()
}

/// What R gives, each under a label of its own.
struct Derived {
    context: Vec<u8>,
    wrapping: Secret,
    commitment: [u8; 32],
    login: Secret,
}

impl Derived {
    fn new(r: &Secret, context: Vec<u8>) -> Self {
        let wrapping = subkey(r, Label::KdfWrap, &context);
        let commitment = *subkey(r, Label::KdfCommitment, &context).expose_bytes();
        let login = subkey(r, Label::KdfLogin, &context);
        Self { context, wrapping, commitment, login }
    }

    /// XAES-256-GCM (C2SP, version 1): AES alone, for those who must, and a nonce that may be random.
    fn cipher(&self) -> Cipher {
        Cipher::new(Algorithm::Xaes256Gcm, &self.wrapping)
    }

    fn aad(&self) -> Vec<u8> {
        [Label::Lock.as_bytes(), &self.context, &self.commitment].concat()
    }
}
