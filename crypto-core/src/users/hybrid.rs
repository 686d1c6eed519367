//! Encryption to a public key: HPKE (RFC 9180) in base mode, by the crate `hpke`.
//!
//! Base mode says nothing about who sealed: whoever has a public key can. What is opened here is believed for another
//! reason, a signature or a check value.

use std::fmt;

use chacha20::rand_core::CryptoRng;
use hpke::{
    Deserializable, HpkeError, Kem, OpModeR, OpModeS, Serializable,
    aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305},
    kdf::HkdfSha256,
    kem::{X25519HkdfSha256, XWing},
    setup_receiver, setup_sender_with_rng,
};
use zeroize::Zeroizing;

use super::error::SharingError;
use crate::{
    format::FormatError,
    keys::{RandomError, Secret},
    random,
};

type Sender<K> = AeadCtxS<ChaCha20Poly1305, HkdfSha256, K>;
type Receiver<K> = AeadCtxR<ChaCha20Poly1305, HkdfSha256, K>;

/// How a key is sealed to a public key: the KDF is HKDF-SHA256, the AEAD ChaCha20-Poly1305.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Suite {
    /// DHKEM(X25519, HKDF-SHA256) (RFC 9180, section 4.1): public keys and encapsulated keys of 32 bytes.
    X25519 = 1,
    /// X-Wing: X25519 and ML-KEM-768 (FIPS 203) together, of which one has to hold (draft-connolly-cfrg-xwing-kem, in HPKE
    /// by draft-ietf-hpke-pq). Public keys of 1,216 bytes, encapsulated keys of 1,120.
    #[default]
    XWing = 2,
}

/// Does `$work` with `$kem` for the KEM of a suite.
macro_rules! with_kem {
    ($suite:expr, $kem:ident => $work:expr) => {
        match $suite {
            Suite::X25519 => {
                type $kem = X25519HkdfSha256;
                $work
            }
            Suite::XWing => {
                type $kem = XWing;
                $work
            }
        }
    };
}

impl Suite {
    /// The suite with this number.
    #[must_use]
    pub const fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::X25519,
            2 => Self::XWing,
            _ => return None,
        })
    }

    /// The length of an encapsulated key, in bytes.
    #[must_use]
    pub const fn encapsulated_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::XWing => 1120,
        }
    }

    pub(super) fn parse(number: u8) -> Result<Self, FormatError> {
        Self::from_u8(number).ok_or(FormatError::UnknownSuite(number))
    }
}

/// A public key that keys are sealed to. Nothing says whose it is.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionPublicKey {
    suite: Suite,
    bytes: Vec<u8>,
}

impl EncryptionPublicKey {
    /// A public key as it was stored.
    #[must_use]
    pub const fn new(suite: Suite, bytes: Vec<u8>) -> Self {
        Self { suite, bytes }
    }

    /// Its suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// Its bytes: 32 of X25519, 1,216 of X-Wing.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Seals `plaintext`: the encapsulated key, and the ciphertext with its tag of 16 bytes.
    pub(crate) fn seal(
        &self,
        info: &[u8],
        plaintext: &[u8],
        aad: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<(Vec<u8>, Vec<u8>), SharingError> {
        let sealed = with_kem!(self.suite, K => send::<K>(&self.bytes, info, rng).and_then(|(encapsulated, mut context)| {
            Ok((encapsulated, context.seal(plaintext, aad)?))
        }));
        sealed.map_err(|_| SharingError::PublicKey)
    }

    /// 32 bytes that only the private key can find again (RFC 9180, section 5.3, with an empty exporter context), and
    /// the encapsulated key to find them by.
    pub(super) fn agree(&self, info: &[u8]) -> Result<(Vec<u8>, Secret), SharingError> {
        let mut rng = random::fresh()?;
        let mut secret = Secret::zero();
        let agreed = with_kem!(self.suite, K => send::<K>(&self.bytes, info, &mut rng).and_then(|(encapsulated, context)| {
            context.export(&[], secret.as_mut())?;
            Ok(encapsulated)
        }));
        Ok((agreed.map_err(|_| SharingError::PublicKey)?, secret))
    }
}

fn send<K: Kem>(public: &[u8], info: &[u8], rng: &mut impl CryptoRng) -> Result<(Vec<u8>, Sender<K>), HpkeError> {
    let public = K::PublicKey::from_bytes(public)?;
    let (encapsulated, context) = setup_sender_with_rng::<_, _, K>(&OpModeS::Base, &public, info, rng)?;
    Ok((encapsulated.to_bytes().to_vec(), context))
}

impl fmt::Debug for EncryptionPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionPublicKey({:?})", self.suite)
    }
}

/// A private key that opens what was sealed to its public key. Wiped on drop.
pub struct EncryptionKey {
    public: EncryptionPublicKey,
    secret: Secret,
}

impl EncryptionKey {
    /// A new key.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn generate(suite: Suite) -> Result<Self, RandomError> {
        let input = Secret::generate()?;
        let mut secret = Secret::zero();
        let public = with_kem!(suite, K => {
            let (private, public) = K::derive_keypair(input.expose_bytes());
            private.write_exact(secret.as_mut());
            public.to_bytes().to_vec()
        });
        Ok(Self { public: EncryptionPublicKey::new(suite, public), secret })
    }

    /// The key of these 32 bytes: of X25519 a scalar, of X-Wing a seed.
    pub(crate) fn from_secret(suite: Suite, secret: Secret) -> Result<Self, SharingError> {
        let public = with_kem!(suite, K => {
            let private = <K as Kem>::PrivateKey::from_bytes(secret.expose_bytes()).map_err(|_| SharingError::Closed)?;
            K::sk_to_pk(&private).to_bytes().to_vec()
        });
        Ok(Self { public: EncryptionPublicKey::new(suite, public), secret })
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &EncryptionPublicKey {
        &self.public
    }

    pub(super) const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Opens what was sealed to the public key.
    pub(crate) fn open(
        &self,
        encapsulated: &[u8],
        info: &[u8],
        sealed: &[u8],
        aad: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SharingError> {
        let opened = with_kem!(self.public.suite, K => {
            self.receive::<K>(encapsulated, info).and_then(|mut context| context.open(sealed, aad))
        });
        opened.map(Zeroizing::new).map_err(|_| SharingError::Closed)
    }

    /// The 32 bytes that [`agree`](EncryptionPublicKey::agree) gave with this encapsulated key.
    pub(super) fn agreed(&self, encapsulated: &[u8], info: &[u8]) -> Result<Secret, SharingError> {
        let mut secret = Secret::zero();
        let exported = with_kem!(self.public.suite, K => {
            self.receive::<K>(encapsulated, info).and_then(|context| context.export(&[], secret.as_mut()))
        });
        exported.map_err(|_| SharingError::Closed)?;
        Ok(secret)
    }

    fn receive<K: Kem>(&self, encapsulated: &[u8], info: &[u8]) -> Result<Receiver<K>, HpkeError> {
        let private = K::PrivateKey::from_bytes(self.secret.expose_bytes())?;
        let encapsulated = K::EncappedKey::from_bytes(encapsulated)?;
        setup_receiver::<_, _, K>(&OpModeR::Base, &private, &encapsulated, info)
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({:?}, [redacted])", self.public.suite)
    }
}
