//! Thirty-two secret bytes. They can be used within this crate, and not copied, compared or printed outside of it.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// 32 secret bytes on the heap, where a move copies nothing, wiped on drop.
///
/// Has no `Clone`, `PartialEq` or serde on purpose, and its `Debug` shows nothing.
pub struct Secret(Box<[u8; Self::LEN]>);

impl Secret {
    /// The length of every key, in bytes.
    pub const LEN: usize = 32;

    /// 32 bytes from the operating system's generator.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has none to give.
    pub fn generate() -> Result<Self, RandomError> {
        let mut secret = Self::zero();
        getrandom::fill(secret.as_mut()).map_err(|_| RandomError)?;
        Ok(secret)
    }

    /// A copy of `bytes`, or `None` unless there are 32 of them. The caller wipes its own.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != Self::LEN {
            return None;
        }
        let mut secret = Self::zero();
        secret.as_mut().copy_from_slice(bytes);
        Some(secret)
    }

    /// Zeros, to be written over in place.
    pub(crate) fn zero() -> Self {
        Self(Box::new([0; Self::LEN]))
    }

    pub(crate) fn as_mut(&mut self) -> &mut [u8; Self::LEN] {
        &mut self.0
    }

    /// The bytes, for a [`RootKey`](super::RootKey) that wraps them outside of this process.
    ///
    /// Named so that every use is found by a search: nothing but a key's own wrapping needs it.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// The operating system's generator of random bytes failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random number generator failed: nothing was sealed and no key was made")]
pub struct RandomError;
