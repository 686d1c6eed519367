//! The three algorithms a value can be sealed with, each under a key whose schedule is made once.
//!
//! Nothing outside of this crate chooses a nonce, and there is no mode without authentication.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;

#[cfg(not(feature = "aws-lc-rs"))]
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit, array::Array, consts::U16};
#[cfg(feature = "aws-lc-rs")]
use aws_lc::Aes256Gcm;
use chacha20poly1305::XChaCha20Poly1305;
use xaes_256_gcm::Xaes256Gcm;
use zeroize::Zeroizing;

use crate::keys::Secret;

/// An algorithm of authenticated encryption, as its number in a sealed value's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Algorithm {
    /// AES-256-GCM (NIST SP 800-38D), 96-bit random nonce: at most [`Algorithm::value_limit`] values a key.
    Aes256Gcm = 1,
    /// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), 192-bit random nonce.
    XChaCha20Poly1305 = 2,
    /// XAES-256-GCM (C2SP XAES-256-GCM v1), 192-bit random nonce.
    Xaes256Gcm = 3,
}

/// The longest nonce of any algorithm, in bytes.
pub(crate) const NONCE_MAX: usize = 24;
/// The length of every algorithm's tag, in bytes.
pub(crate) const TAG_LEN: usize = 16;

impl Algorithm {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Aes256Gcm, Self::XChaCha20Poly1305, Self::Xaes256Gcm];

    /// The algorithm with this number.
    #[must_use]
    pub const fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Aes256Gcm,
            2 => Self::XChaCha20Poly1305,
            3 => Self::Xaes256Gcm,
            _ => return None,
        })
    }

    /// The length of its nonce in bytes: 12 or 24.
    #[must_use]
    pub const fn nonce_len(self) -> usize {
        match self {
            Self::Aes256Gcm => 12,
            Self::XChaCha20Poly1305 | Self::Xaes256Gcm => 24,
        }
    }

    /// How many values one key may seal with random nonces (NIST SP 800-38D, section 8.3: 2^32 for 96-bit nonces), or
    /// `None` where no limit matters.
    #[must_use]
    pub const fn value_limit(self) -> Option<u64> {
        match self {
            Self::Aes256Gcm => Some(1 << 32),
            Self::XChaCha20Poly1305 | Self::Xaes256Gcm => None,
        }
    }

    /// The name in attributes, messages and the registry.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "aes-256-gcm",
            Self::XChaCha20Poly1305 => "xchacha20-poly1305",
            Self::Xaes256Gcm => "xaes-256-gcm",
        }
    }
}

/// An algorithm under a key. The crates wipe their schedules on drop.
pub(crate) enum Cipher {
    Aes256Gcm(Box<Aes256Gcm>),
    XChaCha20Poly1305(Box<XChaCha20Poly1305>),
    Xaes256Gcm(Box<Xaes256Gcm>),
}

/// The value does not open, or is too long to seal (AES-256-GCM: 64 GiB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AeadError;

/// An algorithm under a key it holds. `nonce` has the algorithm's length.
trait Keyed {
    /// Encrypts `buffer` (plaintext ‖ room for the tag) in place.
    fn seal(&self, nonce: &[u8], aad: &[u8], buffer: &mut [u8]) -> Result<(), AeadError>;

    /// Decrypts `ciphertext` into `out`, which is a copy of it.
    fn open(
        &self,
        nonce: &[u8],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8; TAG_LEN],
        out: &mut [u8],
    ) -> Result<(), AeadError>;
}

/// The ciphers of the RustCrypto project, by their common trait.
impl<A: AeadInOut<TagSize = U16>> Keyed for A {
    #[inline]
    fn seal(&self, nonce: &[u8], aad: &[u8], buffer: &mut [u8]) -> Result<(), AeadError> {
        let nonce = <&Array<u8, A::NonceSize>>::try_from(nonce).map_err(|_| AeadError)?;
        let (plaintext, tag) = buffer.split_last_chunk_mut::<TAG_LEN>().ok_or(AeadError)?;
        *tag = self.encrypt_inout_detached(nonce, aad, plaintext.into()).map_err(|_| AeadError)?.into();
        Ok(())
    }

    #[inline]
    fn open(&self, nonce: &[u8], aad: &[u8], _: &[u8], tag: &[u8; TAG_LEN], out: &mut [u8]) -> Result<(), AeadError> {
        let nonce = <&Array<u8, A::NonceSize>>::try_from(nonce).map_err(|_| AeadError)?;
        // In place: from one buffer to another, they are slower.
        self.decrypt_inout_detached(nonce, aad, out.into(), tag.into()).map_err(|_| AeadError)
    }
}

impl Cipher {
    /// Makes the key schedule.
    pub(crate) fn new(algorithm: Algorithm, key: &Secret) -> Self {
        let bytes = key.expose_bytes().into();
        match algorithm {
            #[cfg(not(feature = "aws-lc-rs"))]
            Algorithm::Aes256Gcm => Self::Aes256Gcm(Box::new(Aes256Gcm::new(bytes))),
            #[cfg(feature = "aws-lc-rs")]
            Algorithm::Aes256Gcm => Self::Aes256Gcm(Box::new(Aes256Gcm::new(key))),
            Algorithm::XChaCha20Poly1305 => Self::XChaCha20Poly1305(Box::new(XChaCha20Poly1305::new(bytes))),
            Algorithm::Xaes256Gcm => Self::Xaes256Gcm(Box::new(Xaes256Gcm::new(bytes))),
        }
    }

    /// Encrypts `buffer` (plaintext ‖ 16 bytes of room for the tag) in place. `nonce` has the algorithm's length.
    #[inline(never)]
    pub(crate) fn seal(&self, nonce: &[u8], aad: &[u8], buffer: &mut [u8]) -> Result<(), AeadError> {
        match self {
            Self::Aes256Gcm(cipher) => cipher.seal(nonce, aad, buffer),
            Self::XChaCha20Poly1305(cipher) => cipher.seal(nonce, aad, buffer),
            Self::Xaes256Gcm(cipher) => cipher.seal(nonce, aad, buffer),
        }
    }

    /// Decrypts `ciphertext` into `out`, which is a copy of it. On failure nothing of the plaintext is left there.
    #[inline(never)]
    pub(crate) fn open(
        &self,
        nonce: &[u8],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8; TAG_LEN],
        out: &mut [u8],
    ) -> Result<(), AeadError> {
        let opened = match self {
            Self::Aes256Gcm(cipher) => cipher.open(nonce, aad, ciphertext, tag, out),
            Self::XChaCha20Poly1305(cipher) => cipher.open(nonce, aad, ciphertext, tag, out),
            Self::Xaes256Gcm(cipher) => cipher.open(nonce, aad, ciphertext, tag, out),
        };
        if opened.is_err() {
            out.fill(0);
        }
        opened
    }

    /// Encrypts a key: 32 bytes of ciphertext and the tag.
    pub(crate) fn seal_key(
        &self,
        nonce: &[u8],
        aad: &[u8],
        key: &Secret,
    ) -> Result<[u8; Secret::LEN + TAG_LEN], AeadError> {
        let mut sealed = Zeroizing::new([0; Secret::LEN + TAG_LEN]);
        sealed.split_at_mut(Secret::LEN).0.copy_from_slice(key.expose_bytes());
        self.seal(nonce, aad, sealed.as_mut_slice())?;
        Ok(*sealed)
    }

    /// Decrypts a wrapped key: 32 bytes of ciphertext and the tag.
    pub(crate) fn open_key(&self, nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Secret, AeadError> {
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(AeadError)?;
        let mut key = Secret::from_slice(ciphertext).ok_or(AeadError)?;
        self.open(nonce, aad, ciphertext, tag, key.as_mut())?;
        Ok(key)
    }
}
