//! From what a person remembers to a key: Argon2id and PBKDF2, what they may cost, and the one form of a text.
//!
//! Costs are bounded wherever they are read back, so that an altered one can neither make guessing cheap nor exhaust the
//! machine.

use std::{
    mem,
    ops::RangeInclusive,
    sync::{Mutex, PoisonError},
};

use argon2::Block;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::keys::Secret;

/// The length of a salt, in bytes.
pub(crate) const SALT_LENGTH: usize = 16;

/// Argon2id's memory in KiB: 19 MiB to 256 MiB.
pub(crate) const MEMORY: RangeInclusive<u32> = 19_456..=262_144;

/// Argon2id's passes over its memory.
pub(crate) const PASSES: RangeInclusive<u32> = 2..=16;

/// Argon2id's lanes.
pub(crate) const LANES: RangeInclusive<u32> = 1..=16;

/// PBKDF2's iterations.
pub(crate) const ITERATIONS: RangeInclusive<u32> = 600_000..=10_000_000;

/// The cost of Argon2id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Argon2id {
    /// KiB.
    pub(crate) memory: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl Argon2id {
    /// m = 19 MiB, t = 2, p = 1 (OWASP Password Storage Cheat Sheet): the least that is accepted.
    pub(crate) const LEAST: Self = Self { memory: *MEMORY.start(), passes: *PASSES.start(), lanes: *LANES.start() };
}

/// Normal form C of `text` (UAX #15), so that one secret has the same bytes on every system.
pub(crate) fn nfc(text: &str) -> Zeroizing<String> {
    // Normal form C is at most three times as long (UAX #15), so the buffer never moves and leaves a copy behind.
    let mut normal = Zeroizing::new(String::with_capacity(text.len() * 3));
    normal.extend(text.nfc());
    normal
}

/// Argon2id (RFC 9106), version 0x13, 32 bytes, whose working memory is wiped.
///
/// # Errors
/// [`argon2::Error`] if there is no memory, or the cost is none of its own.
pub(crate) fn argon2id(text: &[u8], salt: &[u8; SALT_LENGTH], cost: Argon2id) -> Result<Secret, argon2::Error> {
    let params = argon2::Params::new(cost.memory, cost.passes, cost.lanes, Some(Secret::LEN))?;
    let mut memory = Memory::of(params.block_count())?;
    let mut key = Secret::zero();
    let result = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into_with_memory(text, salt, key.as_mut(), &mut memory.0);
    result.map(|()| key)
}

/// The working memory of one run, wiped on drop: by what is in it a password can be guessed without any Argon2id.
struct Memory(Vec<Block>);

/// The memory of a run that is over, wiped, for the next one of the least cost: to have the pages of 19 MiB from the system
/// takes as long as to wipe them.
static SPARE: Mutex<Vec<Block>> = Mutex::new(Vec::new());

/// The blocks of the least cost, of 1 KiB each.
const SPARE_BLOCKS: usize = *MEMORY.start() as usize;

impl Memory {
    fn of(blocks: usize) -> Result<Self, argon2::Error> {
        let spare = match blocks {
            SPARE_BLOCKS => mem::take(&mut *SPARE.lock().unwrap_or_else(PoisonError::into_inner)),
            _ => Vec::new(),
        };
        let mut memory = Self(spare);
        if memory.0.is_empty() {
            memory.0.try_reserve_exact(blocks).map_err(|_| argon2::Error::OutOfMemory)?;
            memory.0.resize(blocks, Block::default());
        }
        Ok(memory)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // All at once: word by word it would take a tenth of the time of the hash.
        self.0.fill(Block::default());
        zeroize::optimization_barrier(self.0.as_slice());
        if self.0.len() == SPARE_BLOCKS {
            *SPARE.lock().unwrap_or_else(PoisonError::into_inner) = mem::take(&mut self.0);
        }
    }
}

/// PBKDF2-HMAC-SHA256 (RFC 8018), 32 bytes.
pub(crate) fn pbkdf2_sha256(text: &[u8], salt: &[u8; SALT_LENGTH], iterations: u32) -> Secret {
    let mut key = Secret::zero();
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(text, salt, iterations, key.as_mut());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_wiped_before_it_is_used_again() {
        let first = argon2id(b"correct horse", &[1; SALT_LENGTH], Argon2id::LEAST).unwrap();
        let again = Memory::of(SPARE_BLOCKS).unwrap();
        assert_eq!(again.0.len(), SPARE_BLOCKS);
        assert!(again.0.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        drop(again);
        let second = argon2id(b"correct horse", &[1; SALT_LENGTH], Argon2id::LEAST).unwrap();
        assert_eq!(first.expose_bytes(), second.expose_bytes());
    }
}
