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

/// HPKE as shares are sealed by it (RFC 9180, base mode, X25519): encapsulated key and ciphertext, with `random` in the
/// place of the generator. `None` if `public` is no key.
#[cfg(feature = "users")]
#[must_use]
pub fn hpke_seal(
    public: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    random: [u8; 32],
) -> Option<(Vec<u8>, Vec<u8>)> {
    let key = crate::users::EncryptionPublicKey::new(crate::users::Suite::X25519, public.to_vec());
    key.seal(info, plaintext, aad, &mut Fixed(random)).ok()
}

/// What [`hpke_seal`] sealed, opened. `None` if it does not open.
#[cfg(feature = "users")]
#[must_use]
pub fn hpke_open(private: &[u8], encapsulated: &[u8], info: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let secret = Secret::from_slice(private)?;
    let key = crate::users::EncryptionKey::from_secret(crate::users::Suite::X25519, secret).ok()?;
    key.open(encapsulated, info, sealed, aad).ok().map(|opened| opened.to_vec())
}

/// A generator that gives 32 bytes again and again.
#[cfg(feature = "users")]
struct Fixed([u8; 32]);

#[cfg(feature = "users")]
impl chacha20::rand_core::TryRng for Fixed {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|word| word as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut word = [0; 8];
        self.try_fill_bytes(&mut word).map(|()| u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        out.iter_mut().zip(self.0.iter().cycle()).for_each(|(place, byte)| *place = *byte);
        Ok(())
    }
}

#[cfg(feature = "users")]
impl chacha20::rand_core::TryCryptoRng for Fixed {}
