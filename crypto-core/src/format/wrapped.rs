//! A data key as a root key in memory wraps it: `0xE2 ‖ algorithm ‖ nonce ‖ 32 ciphertext ‖ 16 tag`.

use super::FormatError;
use crate::{
    aead::{Algorithm, TAG_LEN},
    keys::Secret,
    label::Label,
};

/// The byte that begins every wrapped key.
pub const FORMAT_BYTE: u8 = 0xE2;

/// A wrapped key, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrappedKey<'a> {
    /// The algorithm it is wrapped with.
    pub algorithm: Algorithm,
    /// 12 or 24 bytes.
    pub nonce: &'a [u8],
    /// 32 bytes of ciphertext and 16 of tag.
    pub sealed: &'a [u8; Secret::LEN + TAG_LEN],
}

impl<'a> WrappedKey<'a> {
    /// Takes `bytes` apart.
    ///
    /// # Errors
    /// [`FormatError`] unless they are a wrapped key from the first byte to the last.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let (&format, rest) = bytes.split_first().ok_or(FormatError::Empty)?;
        if format != FORMAT_BYTE {
            return Err(FormatError::NotThisFormat { expected: FORMAT_BYTE, what: "wrapped key" });
        }
        let (&number, rest) = rest.split_first().ok_or(FormatError::Truncated { needed: 2, found: 1 })?;
        let algorithm = Algorithm::from_u8(number).ok_or(FormatError::UnknownAlgorithm(number))?;
        let expected = 2 + algorithm.nonce_len() + Secret::LEN + TAG_LEN;
        let (nonce, sealed) = rest
            .split_at_checked(algorithm.nonce_len())
            .ok_or(FormatError::Truncated { needed: expected, found: bytes.len() })?;
        let sealed = sealed.try_into().map_err(|_| match bytes.len() {
            found if found < expected => FormatError::Truncated { needed: expected, found },
            found => FormatError::TooLong { expected, found },
        })?;
        Ok(Self { algorithm, nonce, sealed })
    }
}

/// Puts a wrapped key together.
pub(crate) fn write(algorithm: Algorithm, nonce: &[u8], sealed: &[u8; Secret::LEN + TAG_LEN]) -> Vec<u8> {
    [&[FORMAT_BYTE, algorithm as u8], nonce, sealed].concat()
}

/// `"diesel-encrypted/1 key" ‖ 0xE2 ‖ algorithm ‖ K`.
pub(crate) fn aad(algorithm: Algorithm, context: &[u8]) -> Vec<u8> {
    [Label::Key.as_bytes(), &[FORMAT_BYTE, algorithm as u8], context].concat()
}
