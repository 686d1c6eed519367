//! Locks that a password opens.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{Lock, LockId, NewLock, open};
use crate::{
    format::{
        FormatError,
        lock::{Kdf, LockKind, check_bounds},
    },
    kdf::{self, Argon2id, ITERATIONS, LANES, MEMORY, PASSES, SALT_LENGTH},
    keys::{Secret, subkey},
    label::Label,
    users::{authority::KnownUser, error::UnlockError, key::UserKey},
};

/// The longest password, in bytes.
const LONGEST: usize = 4096;

/// A password on its way to where it is needed. Wiped on drop, and never printed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// A copy of `password`.
    #[must_use]
    pub fn new(password: &str) -> Self {
        Self(Zeroizing::new(password.to_owned()))
    }

    /// What was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

/// What one guess at a password costs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost(Kdf);

impl PasswordCost {
    /// Argon2id (RFC 9106), version 0x13, with m = 19 MiB, t = 2, p = 1: OWASP's Password Storage Cheat Sheet.
    pub const ARGON2ID: Self = Self(Kdf::Argon2id(Argon2id::LEAST));

    /// PBKDF2-HMAC-SHA256 (RFC 8018) with 600,000 iterations (OWASP's Password Storage Cheat Sheet): where only approved
    /// functions may be used. It costs those who guess on graphics cards far less than Argon2id.
    pub const PBKDF2_SHA256: Self = Self(Kdf::Pbkdf2Sha256 { iterations: *ITERATIONS.start() });

    /// Argon2id with `memory` in KiB (19,456 to 262,144), `passes` (2 to 16) and `lanes` (1 to 16).
    ///
    /// # Errors
    /// [`FormatError::CostOutOfBounds`].
    pub fn argon2id(memory: u32, passes: u32, lanes: u32) -> Result<Self, FormatError> {
        check_bounds("m", memory, MEMORY)?;
        check_bounds("t", passes, PASSES)?;
        check_bounds("p", lanes, LANES)?;
        Ok(Self(Kdf::Argon2id(Argon2id { memory, passes, lanes })))
    }

    /// PBKDF2-HMAC-SHA256 with 600,000 to 10,000,000 iterations.
    ///
    /// # Errors
    /// [`FormatError::CostOutOfBounds`].
    pub fn pbkdf2_sha256(iterations: u32) -> Result<Self, FormatError> {
        check_bounds("iterations", iterations, ITERATIONS)?;
        Ok(Self(Kdf::Pbkdf2Sha256 { iterations }))
    }

    /// Whether a guess costs more than by `stored`: in memory, or in memory passed over. Lanes cost who guesses nothing.
    fn costs_more_than(self, stored: Kdf) -> bool {
        let passed = |cost: Argon2id| u64::from(cost.memory) * u64::from(cost.passes);
        match (self.0, stored) {
            (Kdf::Argon2id(wanted), Kdf::Argon2id(stored)) => {
                wanted.memory > stored.memory || passed(wanted) > passed(stored)
            }
            (Kdf::Pbkdf2Sha256 { iterations: wanted }, Kdf::Pbkdf2Sha256 { iterations: stored }) => wanted > stored,
            _ => true,
        }
    }
}

impl Default for PasswordCost {
    /// [`ARGON2ID`](Self::ARGON2ID).
    fn default() -> Self {
        Self::ARGON2ID
    }
}

impl fmt::Debug for PasswordCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a password opened.
#[derive(Debug)]
#[must_use]
pub struct Unlocked {
    /// The user's key.
    pub key: UserKey,
    /// What proves the password to someone who must not learn it.
    pub login: LoginVerifier,
    /// Whether guessing at the lock costs less than is wanted now, or goes by another function: make a new lock of the
    /// same password, and replace it.
    pub needs_upgrade: bool,
}

impl Lock {
    /// A lock of `key` that `password` opens, and what proves the password.
    ///
    /// Changing a password is this, with the new lock in the place of the old one. The password is taken in Unicode's
    /// normal form C (UAX #15), and otherwise as it is.
    ///
    /// # Errors
    /// [`UnlockError`] if the password is empty or too long, or there is no memory or no random bytes.
    pub fn for_password(
        key: &UserKey,
        password: &str,
        cost: PasswordCost,
    ) -> Result<(Self, LoginVerifier), UnlockError> {
        let new = NewLock::new(LockKind::Password, cost.0, LockId::random()?, Vec::new())?;
        let r = stretch(password, cost.0, &new.salt)?;
        let (lock, derived) = new.seal(key, &r)?;
        Ok((lock, LoginVerifier(derived.login)))
    }

    /// Opens a lock by its password, at the cost that the lock names. `wanted` is what a new one would cost.
    ///
    /// # Errors
    /// [`UnlockError::Wrong`] for another password, and the others for a lock that is malformed, altered or planted.
    pub fn open_with_password(
        &self,
        user: &KnownUser,
        password: &str,
        wanted: PasswordCost,
    ) -> Result<Unlocked, UnlockError> {
        let parts = self.parts_of(LockKind::Password)?;
        let r = stretch(password, parts.kdf, parts.salt)?;
        let (key, derived) = open(&parts, self.id, user, &r)?;
        Ok(Unlocked { key, login: LoginVerifier(derived.login), needs_upgrade: wanted.costs_more_than(parts.kdf) })
    }
}

/// Does for a user who does not exist what [`Lock::open_with_password`] costs for one who does: the same answer after the
/// same time, as long as the locks of those who do have this cost.
#[must_use]
pub fn decoy_unlock(password: &str, cost: PasswordCost) -> UnlockError {
    match LockId::random().map(|LockId(salt)| stretch(password, cost.0, &salt)) {
        Ok(Ok(r)) => {
            std::hint::black_box(subkey(&r, Label::KdfCommitment, &[]));
            UnlockError::Wrong
        }
        Ok(Err(error)) => error,
        Err(error) => error.into(),
    }
}

/// R of a password: one run of its KDF.
pub(super) fn stretch(text: &str, kdf: Kdf, salt: &[u8; SALT_LENGTH]) -> Result<Secret, UnlockError> {
    if text.is_empty() || text.len() > LONGEST {
        return Err(UnlockError::PasswordLength);
    }
    let text: Zeroizing<String> = kdf::nfc(text);
    match kdf {
        Kdf::Argon2id(cost) => kdf::argon2id(text.as_bytes(), salt, cost).map_err(|_| UnlockError::Memory),
        Kdf::Pbkdf2Sha256 { iterations } => Ok(kdf::pbkdf2_sha256(text.as_bytes(), salt, iterations)),
        Kdf::Extract => Err(UnlockError::OtherKind),
    }
}

/// 32 bytes that prove a password, and open nothing: for a client that runs the KDF itself and sends these.
pub struct LoginVerifier(Secret);

impl LoginVerifier {
    /// What is stored of it: `HKDF-Expand(verifier, "diesel-encrypted/1 login hash", 32)`. Whoever steals it cannot sign
    /// in with it.
    #[must_use]
    pub fn stored(&self) -> StoredLogin {
        StoredLogin(*subkey(&self.0, Label::LoginHash, &[]).expose_bytes())
    }

    /// A verifier that a client sent. The caller wipes its own copy.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        Secret::from_slice(bytes).map(Self)
    }

    /// The bytes, for a client to send.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; 32] {
        self.0.expose_bytes()
    }

    /// Whether it is the one that was stored, compared in constant time.
    #[must_use]
    pub fn matches(&self, stored: &StoredLogin) -> bool {
        self.stored().0.ct_eq(&stored.0).into()
    }
}

impl fmt::Debug for LoginVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginVerifier([redacted])")
    }
}

/// What is stored of a [`LoginVerifier`].
#[derive(Clone, Copy)]
pub struct StoredLogin([u8; 32]);

impl StoredLogin {
    /// What was stored.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for StoredLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredLogin([redacted])")
    }
}
