//! Users of an existing system, who have a bcrypt hash and no lock: carried over when they next sign in.

use super::{
    Lock,
    password::{LoginVerifier, Password, PasswordCost},
};
use crate::users::{error::UnlockError, key::UserKey};

/// The most expensive hash that is checked: 2^14 rounds, a second or so. A stored cost is an attacker's to choose.
const HIGHEST_COST: u32 = 14;

/// What bcrypt reads of a password, in bytes.
const READ: usize = 72;

/// A password that a bcrypt hash knew.
///
/// bcrypt (Provos, Mazières: A Future-Adaptable Password Scheme, USENIX 1999) reads 72 bytes of a password, and protects
/// nothing but the sign-in. Make a lock, store it, and delete the hash in the same transaction: as long as the hash is
/// there, it is what an attacker will guess at.
pub struct CarriedOver(Password);

impl CarriedOver {
    /// Checks a password by a hash of the forms `$2a$`, `$2b$`, `$2x$` and `$2y$`, at a cost of 4 to 14.
    ///
    /// # Errors
    /// [`UnlockError::Wrong`] for another password, [`UnlockError::BcryptHash`] for what is no such hash.
    pub fn check(password: &str, hash: &str) -> Result<Self, UnlockError> {
        let cost = hash.get(4..6).and_then(|cost| cost.parse::<u32>().ok());
        if !cost.is_some_and(|cost| (4..=HIGHEST_COST).contains(&cost)) {
            return Err(UnlockError::BcryptHash);
        }
        // bcrypt stops at a zero byte: what follows would not have counted.
        if password.is_empty() || password.contains('\0') {
            return Err(UnlockError::Wrong);
        }
        match bcrypt::verify(password.as_bytes(), hash) {
            Ok(true) => Ok(Self(Password::new(password))),
            Ok(false) => Err(UnlockError::Wrong),
            Err(_) => Err(UnlockError::BcryptHash),
        }
    }

    /// Whether bcrypt ignored the end of this password. It was typed, and counts from now on; a user who typed it wrong
    /// there is signed in all the same, and has a lock that opens with what they typed: ask for it twice.
    #[must_use]
    pub fn was_cut(&self) -> bool {
        self.0.as_str().len() > READ
    }

    /// The password, which is known to be theirs.
    #[must_use]
    pub fn into_password(self) -> Password {
        self.0
    }

    /// The lock to store in the place of the hash.
    ///
    /// # Errors
    /// As [`Lock::for_password`].
    pub fn lock(&self, key: &UserKey, cost: PasswordCost) -> Result<(Lock, LoginVerifier), UnlockError> {
        Lock::for_password(key, self.0.as_str(), cost)
    }
}

impl std::fmt::Debug for CarriedOver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CarriedOver([redacted])")
    }
}
