//! The least that any program has to do: the raw ciphers, with a cached key, a nonce from a generator of the thread, and
//! one allocation to seal and one to open. Ours is measured against it.

use std::cell::RefCell;

use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;

thread_local! {
    static GENERATOR: RefCell<ChaCha20Rng> = RefCell::new(ChaCha20Rng::from_seed(random()));
}

/// Bytes of the operating system, for keys and seeds.
#[expect(clippy::expect_used, reason = "a benchmark without random bytes cannot go on")]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Twelve bytes of the thread's generator.
pub(crate) fn nonce() -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    GENERATOR.with_borrow_mut(|rng| rng.fill_bytes(&mut nonce));
    nonce
}

/// AES-256-GCM as `nonce ‖ ciphertext ‖ tag`, without authenticated data.
pub(crate) trait Raw {
    /// Encrypts in place and gives the tag.
    fn encrypt(&self, nonce: &[u8; NONCE_LEN], buffer: &mut [u8]) -> Option<[u8; TAG_LEN]>;

    /// Decrypts `ciphertext ‖ tag` in place.
    fn decrypt(&self, nonce: &[u8; NONCE_LEN], sealed: &mut [u8]) -> Option<()>;

    /// Seals with one allocation.
    #[inline]
    fn seal(&self, text: &str) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(NONCE_LEN + text.len() + TAG_LEN);
        let nonce = nonce();
        out.extend_from_slice(&nonce);
        out.extend_from_slice(text.as_bytes());
        let tag = self.encrypt(&nonce, out.get_mut(NONCE_LEN..)?)?;
        out.extend_from_slice(&tag);
        Some(out)
    }

    /// Opens with one allocation, the one that copies the value out of the database's buffer.
    #[inline]
    fn open(&self, stored: &[u8]) -> Option<String> {
        let (nonce, sealed) = stored.split_first_chunk()?;
        let mut out = sealed.to_vec();
        self.decrypt(nonce, &mut out)?;
        out.truncate(sealed.len() - TAG_LEN);
        String::from_utf8(out).ok()
    }
}

/// By the crate `aes-gcm`.
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) struct Engine(aes_gcm::Aes256Gcm);

#[cfg(not(feature = "aws-lc-rs"))]
mod engine {
    use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInOut};

    use super::{Engine, NONCE_LEN, Raw, TAG_LEN, random};

    impl Engine {
        pub(crate) const NAME: &str = "aes-gcm";

        pub(crate) fn new() -> Self {
            Self(Aes256Gcm::new(&random().into()))
        }
    }

    impl Raw for Engine {
        #[inline]
        fn encrypt(&self, nonce: &[u8; NONCE_LEN], buffer: &mut [u8]) -> Option<[u8; TAG_LEN]> {
            self.0.encrypt_inout_detached(nonce.into(), b"", buffer.into()).ok().map(Into::into)
        }

        #[inline]
        fn decrypt(&self, nonce: &[u8; NONCE_LEN], sealed: &mut [u8]) -> Option<()> {
            let (buffer, tag) = sealed.split_last_chunk_mut::<TAG_LEN>()?;
            self.0.decrypt_inout_detached(nonce.into(), b"", buffer.into(), &(*tag).into()).ok()
        }
    }
}

/// By AWS-LC.
#[cfg(feature = "aws-lc-rs")]
pub(crate) struct Engine(aws_lc_rs::aead::LessSafeKey);

#[cfg(feature = "aws-lc-rs")]
mod engine {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    use super::{Engine, NONCE_LEN, Raw, TAG_LEN, random};

    impl Engine {
        pub(crate) const NAME: &str = "aws-lc-rs";

        #[expect(clippy::expect_used, reason = "a benchmark without its reference cannot go on")]
        pub(crate) fn new() -> Self {
            let key = UnboundKey::new(&AES_256_GCM, &random::<32>()).expect("the key has 32 bytes");
            Self(LessSafeKey::new(key))
        }
    }

    impl Raw for Engine {
        #[inline]
        fn encrypt(&self, nonce: &[u8; NONCE_LEN], buffer: &mut [u8]) -> Option<[u8; TAG_LEN]> {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let tag = self.0.seal_in_place_separate_tag(nonce, Aad::empty(), buffer).ok()?;
            tag.as_ref().try_into().ok()
        }

        #[inline]
        fn decrypt(&self, nonce: &[u8; NONCE_LEN], sealed: &mut [u8]) -> Option<()> {
            self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), sealed).ok().map(drop)
        }
    }
}
