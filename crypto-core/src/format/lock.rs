//! A user key in a lock:
//! `0xE3 ‖ kind ‖ kdf ‖ m u32 ‖ t u32 ‖ p u32 ‖ salt 16 ‖ commitment 32 ‖ nonce 24 ‖ 32 ciphertext ‖ 16 tag ‖ tail`.

use std::ops::RangeInclusive;

use super::FormatError;
use crate::{
    aead::TAG_LEN,
    kdf::{Argon2id, ITERATIONS, LANES, MEMORY, PASSES, SALT_LENGTH},
    keys::Secret,
};

/// The byte that begins every lock.
pub const FORMAT_BYTE: u8 = 0xE3;
/// The length of a lock in bytes, without the tail that some kinds have.
pub const LOCK_LEN: usize = HEADER_LEN + COMMITMENT_LEN + NONCE_LEN + SEALED_LEN;

/// Everything up to the commitment.
pub(crate) const HEADER_LEN: usize = PARAMETERS_LEN + SALT_LENGTH;
pub(crate) const COMMITMENT_LEN: usize = 32;
pub(crate) const NONCE_LEN: usize = 24;
const PARAMETERS_LEN: usize = 3 + 3 * 4;
const SEALED_LEN: usize = Secret::LEN + TAG_LEN;

/// What opens a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum LockKind {
    /// A password.
    Password = 1,
    /// A recovery code.
    RecoveryCode = 2,
    /// Answers to security questions, and the application.
    Questions = 3,
    /// A private key.
    PrivateKey = 4,
    /// The application.
    Escrow = 5,
}

impl LockKind {
    /// The kind with this number.
    #[must_use]
    pub const fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Password,
            2 => Self::RecoveryCode,
            3 => Self::Questions,
            4 => Self::PrivateKey,
            5 => Self::Escrow,
            _ => return None,
        })
    }
}

/// How a secret becomes the key of its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kdf {
    /// Number 0: HKDF-Extract with the salt, where the secret cannot be guessed.
    Extract,
    /// Number 1.
    Argon2id(Argon2id),
    /// Number 2: the iterations stand in `t`.
    Pbkdf2Sha256 { iterations: u32 },
}

impl Kdf {
    const fn number(self) -> u8 {
        match self {
            Self::Extract => 0,
            Self::Argon2id(_) => 1,
            Self::Pbkdf2Sha256 { .. } => 2,
        }
    }

    /// m, t and p.
    const fn parameters(self) -> [u32; 3] {
        match self {
            Self::Extract => [0, 0, 0],
            Self::Argon2id(cost) => [cost.memory, cost.passes, cost.lanes],
            Self::Pbkdf2Sha256 { iterations } => [0, iterations, 0],
        }
    }

    fn parse(number: u8, [m, t, p]: [u32; 3]) -> Result<Self, FormatError> {
        const NONE: RangeInclusive<u32> = 0..=0;
        let (bounds, kdf) = match number {
            0 => ([NONE, NONE, NONE], Self::Extract),
            1 => ([MEMORY, PASSES, LANES], Self::Argon2id(Argon2id { memory: m, passes: t, lanes: p })),
            2 => ([NONE, ITERATIONS, NONE], Self::Pbkdf2Sha256 { iterations: t }),
            _ => return Err(FormatError::UnknownKdf(number)),
        };
        for ((name, found), bounds) in [("m", m), ("t", t), ("p", p)].into_iter().zip(bounds) {
            check_bounds(name, found, bounds)?;
        }
        Ok(kdf)
    }

    /// Whether locks of this kind use it: what people remember is stretched, what cannot be guessed is not.
    const fn fits(self, kind: LockKind) -> bool {
        matches!(self, Self::Extract) != matches!(kind, LockKind::Password)
    }
}

/// # Errors
/// [`FormatError::CostOutOfBounds`].
pub(crate) fn check_bounds(name: &'static str, found: u32, bounds: RangeInclusive<u32>) -> Result<(), FormatError> {
    if bounds.contains(&found) {
        return Ok(());
    }
    let (lowest, highest) = bounds.into_inner();
    Err(FormatError::CostOutOfBounds { name, found, lowest, highest })
}

/// Everything up to the salt, and the salt.
pub(crate) fn header(kind: LockKind, kdf: Kdf, salt: &[u8; SALT_LENGTH]) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    let parameters = kdf.parameters().into_iter().flat_map(u32::to_be_bytes);
    let bytes = [FORMAT_BYTE, kind as u8, kdf.number()].into_iter().chain(parameters).chain(*salt);
    header.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    header
}

/// A lock, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct LockParts<'a> {
    /// What opens it.
    pub kind: LockKind,
    pub(crate) kdf: Kdf,
    /// Everything up to the commitment.
    pub(crate) header: &'a [u8; HEADER_LEN],
    /// 16 random bytes.
    pub salt: &'a [u8; SALT_LENGTH],
    /// What commits it to one secret.
    pub commitment: &'a [u8; COMMITMENT_LEN],
    /// The nonce of XAES-256-GCM.
    pub nonce: &'a [u8; NONCE_LEN],
    /// 32 bytes of ciphertext and 16 of tag.
    pub sealed: &'a [u8; SEALED_LEN],
    /// What follows: nothing for a password and a recovery code, else as its kind has it.
    pub tail: &'a [u8],
}

impl<'a> LockParts<'a> {
    /// Takes `bytes` apart.
    ///
    /// # Errors
    /// [`FormatError`] unless they are a lock from the first byte to the last, at a cost within its bounds.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let truncated = || FormatError::Truncated { needed: LOCK_LEN, found: bytes.len() };
        match bytes.first() {
            None => return Err(FormatError::Empty),
            Some(&FORMAT_BYTE) => {}
            Some(_) => return Err(FormatError::NotThisFormat { expected: FORMAT_BYTE, what: "lock" }),
        }
        let (header, rest) = bytes.split_first_chunk::<HEADER_LEN>().ok_or_else(truncated)?;
        let (commitment, rest) = rest.split_first_chunk().ok_or_else(truncated)?;
        let (nonce, rest) = rest.split_first_chunk().ok_or_else(truncated)?;
        let (sealed, tail) = rest.split_first_chunk().ok_or_else(truncated)?;

        let [_, kind, kdf, m1, m2, m3, m4, t1, t2, t3, t4, p1, p2, p3, p4, salt @ ..] = header;
        let kind = LockKind::from_u8(*kind).ok_or(FormatError::UnknownLockKind(*kind))?;
        let parameters = [[*m1, *m2, *m3, *m4], [*t1, *t2, *t3, *t4], [*p1, *p2, *p3, *p4]];
        let parsed = Kdf::parse(*kdf, parameters.map(u32::from_be_bytes))?;
        if !parsed.fits(kind) {
            return Err(FormatError::UnknownKdf(*kdf));
        }
        if matches!(kind, LockKind::Password | LockKind::RecoveryCode) && !tail.is_empty() {
            return Err(FormatError::TooLong { expected: LOCK_LEN, found: bytes.len() });
        }
        Ok(Self { kind, kdf: parsed, header, salt, commitment, nonce, sealed, tail })
    }
}
