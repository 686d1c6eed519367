//! AES-256-GCM by AWS-LC, with the bytes of the `aes-gcm` crate.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{AeadError, Keyed, TAG_LEN};
use crate::keys::Secret;

/// AES-256-GCM under one key. "Less safe" is AWS-LC's word for a key that takes nonces: ours come from
/// [`random`](crate::random) alone.
pub(crate) struct Aes256Gcm(LessSafeKey);

impl Aes256Gcm {
    pub(super) fn new(key: &Secret) -> Self {
        let Ok(key) = UnboundKey::new(&AES_256_GCM, key.expose_bytes()) else { unreachable!("the key has 32 bytes") };
        Self(LessSafeKey::new(key))
    }
}

impl Keyed for Aes256Gcm {
    #[inline]
    fn seal(&self, nonce: &[u8], aad: &[u8], buffer: &mut [u8]) -> Result<(), AeadError> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| AeadError)?;
        let (plaintext, tag) = buffer.split_last_chunk_mut::<TAG_LEN>().ok_or(AeadError)?;
        let made = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), plaintext).map_err(|_| AeadError)?;
        *tag = made.as_ref().try_into().map_err(|_| AeadError)?;
        Ok(())
    }

    #[inline]
    fn open(
        &self,
        nonce: &[u8],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8; TAG_LEN],
        out: &mut [u8],
    ) -> Result<(), AeadError> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| AeadError)?;
        self.0.open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, out).map_err(|_| AeadError)
    }
}
