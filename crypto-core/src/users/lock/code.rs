//! Recovery codes: 130 random bits in Crockford's base32 (<https://www.crockford.com/base32.html>), with its check
//! character, and the locks that they open.
//!
//! A code cannot be guessed, so its lock uses HKDF-Extract (RFC 5869) and no function that is slow on purpose: 2¹³⁰ guesses
//! at a nanosecond each take longer than the universe has. A code names its lock: the lock's id comes from the code, so
//! that none is tried in turn. A code is used once: who uses it deletes the row of that id in the transaction that sets
//! the new password, and goes on only if exactly one row was deleted.

use std::fmt;

use zeroize::{Zeroize as _, Zeroizing};

use super::{Lock, LockId, NewLock, open};
use crate::{
    format::lock::{Kdf, LockKind},
    keys::{RandomError, Secret, extract, subkey},
    label::Label,
    users::{
        authority::KnownUser,
        error::UnlockError,
        holder::User,
        key::{KeyPlace, UserKey},
    },
};

/// Characters of a code, without the check character: 5 bits each.
const LENGTH: usize = 26;
/// Characters between two hyphens.
const GROUP: usize = 5;
/// The characters by their value, and behind them the five that only check.
const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";

/// A recovery code: 26 characters of 5 random bits each. Wiped on drop, and printed by [`to_text`](Self::to_text) alone.
pub struct RecoveryCode([u8; LENGTH]);

impl RecoveryCode {
    /// A new code.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn generate() -> Result<Self, RandomError> {
        let random = Secret::generate()?;
        let mut code = Self([0; LENGTH]);
        for (place, byte) in code.0.iter_mut().zip(random.expose_bytes()) {
            *place = character(byte % 32);
        }
        Ok(code)
    }

    /// `count` codes, to be printed together and shown once.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    pub fn set(count: usize) -> Result<Vec<Self>, RandomError> {
        (0..count).map(|_| Self::generate()).collect()
    }

    /// Reads a code as people type it: in either case, with spaces and hyphens anywhere, `O` for 0, `I` and `L` for 1.
    ///
    /// # Errors
    /// [`CodeError`]: a slip of the pen, which the check character finds without any secret.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let mut typed = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '–' | '—'));
        if typed.clone().count() != LENGTH + 1 {
            return Err(CodeError::Length);
        }
        let mut code = Self([0; LENGTH]);
        for (place, typed) in code.0.iter_mut().zip(&mut typed) {
            *place = match value(typed)? {
                value @ ..32 => character(value),
                _ => return Err(CodeError::Character),
            };
        }
        let check = typed.next().ok_or(CodeError::Length).and_then(value)?;
        if check == code.check() { Ok(code) } else { Err(CodeError::Check) }
    }

    /// The code to show: 27 characters in groups of five, `7ZZQ0-…-9K`.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(2 * LENGTH));
        for (at, byte) in self.0.iter().chain([&character(self.check())]).enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(*byte));
        }
        text
    }

    /// The number that the characters write, modulo 37: finds every wrong character and every two that changed places.
    fn check(&self) -> u8 {
        let digit = |byte: &u8| value(char::from(*byte)).unwrap_or_default();
        self.0.iter().fold(0_u32, |rest, byte| (rest * 32 + u32::from(digit(byte))) % 37) as u8
    }

    /// The id of the lock that this code opens for the user of `place`, at any version of their key:
    /// `HKDF-Expand(HKDF-Extract("", code), "diesel-encrypted/1 recovery id" ‖ lp(application) ‖ opt(scope) ‖ lp(user), 32)`,
    /// its first 16 bytes.
    #[must_use]
    pub fn lock_id(&self, place: &KeyPlace<User>) -> LockId {
        let id = subkey(&extract(&[], &self.0), Label::RecoveryId, &place.where_bytes());
        LockId(id.expose_bytes().first_chunk().copied().unwrap_or_default())
    }

    fn r(&self, salt: &[u8]) -> Secret {
        extract(salt, &self.0)
    }
}

impl Drop for RecoveryCode {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode([redacted])")
    }
}

impl Lock {
    /// A lock of `key` that `code` opens.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn for_recovery_code(key: &UserKey, code: &RecoveryCode) -> Result<Self, RandomError> {
        let new = NewLock::new(LockKind::RecoveryCode, Kdf::Extract, code.lock_id(key.place()), Vec::new())?;
        let r = code.r(&new.salt);
        Ok(new.seal(key, &r)?.0)
    }

    /// Opens a lock by its recovery code: the lock whose id is [`RecoveryCode::lock_id`].
    ///
    /// # Errors
    /// [`UnlockError::Wrong`] for another code, and the others for a lock that is malformed, altered or planted.
    pub fn open_with_recovery_code(&self, user: &KnownUser, code: &RecoveryCode) -> Result<UserKey, UnlockError> {
        let parts = self.parts_of(LockKind::RecoveryCode)?;
        Ok(open(&parts, self.id, user, &code.r(parts.salt))?.0)
    }
}

/// A slip in typing a recovery code. Says nothing about any code that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// Too few or too many characters.
    #[error("a recovery code has 27 letters and digits: some are missing, or there are too many")]
    Length,
    /// A character that no code has.
    #[error("a recovery code has letters and digits alone, and no U but at its end")]
    Character,
    /// The check character is another: something was mistyped.
    #[error("this recovery code was mistyped: compare it with the printed one")]
    Check,
}

fn character(value: u8) -> u8 {
    ALPHABET.get(usize::from(value)).copied().unwrap_or_default()
}

/// The value of a typed character, 0 to 36.
fn value(typed: char) -> Result<u8, CodeError> {
    let canonical = match typed.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let at = ALPHABET.iter().position(|byte| char::from(*byte) == canonical);
    at.and_then(|at| u8::try_from(at).ok()).ok_or(CodeError::Character)
}
