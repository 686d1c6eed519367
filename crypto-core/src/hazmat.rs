//! The primitives as this crate uses them, for test vectors and benchmarks alone: caller-supplied nonces and raw keys. Not
//! part of the public API: only the feature `__hazmat` compiles it.

use crate::{
    aead::{Algorithm, Cipher, TAG_LEN},
    keys::{Secret, expand, hmac, tag},
    random,
};

/// Ciphertext ‖ tag, or `None` for a nonce of another length.
#[must_use]
pub fn seal(algorithm: Algorithm, key: &[u8; 32], nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    let mut out = plaintext.to_vec();
    out.extend_from_slice(&[0; TAG_LEN]);
    Cipher::new(algorithm, &Secret::from_slice(key)?).seal(nonce, aad, &mut out).ok()?;
    Some(out)
}

/// The plaintext of ciphertext ‖ tag, or `None` if it does not open.
#[must_use]
pub fn open(algorithm: Algorithm, key: &[u8; 32], nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (ciphertext, tag) = sealed.split_last_chunk()?;
    let mut out = ciphertext.to_vec();
    Cipher::new(algorithm, &Secret::from_slice(key)?).open(nonce, aad, ciphertext, tag, &mut out).ok()?;
    Some(out)
}

/// HMAC-SHA256.
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    tag(&hmac(key), message)
}

/// HKDF-SHA256-Expand of a 32-byte key.
#[must_use]
pub fn hkdf_expand(prk: &[u8; 32], info: &[u8], len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    expand(prk, &[info], &mut out);
    out
}

/// A nonce, from the generator that draws them all: to measure it. `None` if the operating system gives no seed.
#[must_use]
pub fn nonce() -> Option<[u8; 12]> {
    let mut nonce = [0; 12];
    random::fill(&mut nonce).ok()?;
    Some(nonce)
}
