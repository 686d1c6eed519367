//! 32 bytes that a user's or a group's key holds: `0xE4 ‖ kind ‖ key id u32 ‖ nonce 24 ‖ 32 ciphertext ‖ 16 tag`.

use super::FormatError;
use crate::{aead::TAG_LEN, keys::Secret};

/// The byte that begins everything that is held.
pub const FORMAT_BYTE: u8 = 0xE4;
/// The length in bytes.
pub const HELD_LEN: usize = HEADER_LEN + NONCE_LEN + SEALED_LEN;

pub(crate) const HEADER_LEN: usize = 6;
pub(crate) const NONCE_LEN: usize = 24;
const SEALED_LEN: usize = Secret::LEN + TAG_LEN;

/// What is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum HeldKind {
    /// The private key that shares are opened with.
    EncryptionKey = 1,
    /// The private key that signs.
    IdentityKey = 2,
    /// The key of a group.
    GroupKey = 3,
    /// An earlier key of the same holder.
    EarlierKey = 4,
}

/// What is held, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct HeldParts<'a> {
    pub(crate) header: &'a [u8; HEADER_LEN],
    /// The number of its kind.
    pub kind: u8,
    /// The id of the key that holds it.
    pub key_id: u32,
    /// The nonce of XAES-256-GCM.
    pub nonce: &'a [u8; NONCE_LEN],
    /// 32 bytes of ciphertext and 16 of tag.
    pub sealed: &'a [u8; SEALED_LEN],
}

impl<'a> HeldParts<'a> {
    /// Takes `bytes` apart.
    ///
    /// # Errors
    /// [`FormatError`] unless they are of this format from the first byte to the last.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        match bytes.first() {
            None => return Err(FormatError::Empty),
            Some(&FORMAT_BYTE) => {}
            Some(_) => return Err(FormatError::NotThisFormat { expected: FORMAT_BYTE, what: "held key" }),
        }
        let truncated = || FormatError::Truncated { needed: HELD_LEN, found: bytes.len() };
        let (header, rest) = bytes.split_first_chunk::<HEADER_LEN>().ok_or_else(truncated)?;
        let (nonce, rest) = rest.split_first_chunk().ok_or_else(truncated)?;
        let (sealed, rest) = rest.split_first_chunk().ok_or_else(truncated)?;
        if !rest.is_empty() {
            return Err(FormatError::TooLong { expected: HELD_LEN, found: bytes.len() });
        }
        let [_, kind, id @ ..] = header;
        Ok(Self { header, kind: *kind, key_id: u32::from_be_bytes(*id), nonce, sealed })
    }
}

/// Everything up to the nonce.
pub(crate) fn header(kind: HeldKind, key_id: u32) -> [u8; HEADER_LEN] {
    let [a, b, c, d] = key_id.to_be_bytes();
    [FORMAT_BYTE, kind as u8, a, b, c, d]
}
