//! Root keys: they wrap data keys and do nothing else. A value is never sealed under one.

use std::{fmt, sync::Arc};

use super::{mac, secret::Secret};
use crate::{
    aead::{self, AeadError, Algorithm},
    format::wrapped::{self, WrappedKey},
    label::Label,
    random,
};

/// The name of a root key: 2 to 64 ASCII letters, digits and `.`, `_`, `-`, `:`. Not secret; never reuse one for
/// another key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RootKeyId(String);

impl RootKeyId {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`RootKeyError::BadId`] if it is too short, too long or has another character.
    pub fn new(id: impl Into<String>) -> Result<Self, RootKeyError> {
        let id = id.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':');
        if (2..=64).contains(&id.len()) && id.bytes().all(allowed) { Ok(Self(id)) } else { Err(RootKeyError::BadId) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RootKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Eight bytes that tell one root key from another without giving either away; printed as 16 hex digits.
///
/// `HKDF-Expand(root key, "diesel-encrypted/1 root fingerprint", 32)`, the first 8 bytes. Of a key made from a
/// passphrase it lets whoever reads it check guesses offline, as the database itself does: keep the salt out of logs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 8]);

impl Fingerprint {
    /// A fingerprint that an external key service vouches for: stable, and another for every key.
    #[must_use]
    pub const fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The fingerprint of a key in memory.
    pub(crate) fn of(key: &Secret) -> Self {
        let print = mac::subkey(key, Label::RootFingerprint, &[]);
        let mut first = [0; 8];
        first.copy_from_slice(print.expose_bytes().split_at(8).0);
        Self(first)
    }

    /// The eight bytes, as they are stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// A key that wraps data keys: one in memory ([`LocalRootKey`]), or one that never leaves its owner (HSM, KMS).
///
/// The vault calls it when it opens and when keys are made or rewrapped, never for a value.
///
/// Wrapping must need a secret and must authenticate: what it wraps is trusted because nobody else could have wrapped it.
/// A public-key scheme (RSA-OAEP) or a service whose "encrypt" an attacker may call would let them plant keys of their own.
pub trait RootKey: Send + Sync {
    /// The name it is known by in the database.
    fn id(&self) -> &RootKeyId;

    /// What tells it from every other key. Compared before anything is read or written.
    fn fingerprint(&self) -> Fingerprint;

    /// Wraps the 32 bytes of `key`, bound to `context` (of any length), and gives what is to be stored.
    ///
    /// # Errors
    /// [`RootKeyError::External`] for a service's own failures.
    fn wrap(&self, context: &[u8], key: &Secret) -> Result<Vec<u8>, RootKeyError>;

    /// Unwraps what [`wrap`](Self::wrap) gave for the same `context`.
    ///
    /// # Errors
    /// [`RootKeyError::Unwrap`] if it was wrapped by another key, for another context, or altered.
    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<Secret, RootKeyError>;

    /// Itself, if its bytes are in this process, where they can be written down. `None` for a key that never leaves its
    /// owner.
    #[cfg(feature = "escrow")]
    fn local(&self) -> Option<&LocalRootKey> {
        None
    }
}

/// A root key in memory.
///
/// Wraps by AES-256-GCM under `HKDF-Expand(key, "diesel-encrypted/1 root wrap" ‖ algorithm)`, with a random nonce and
/// the context as AAD; a wrapped key is 62 bytes (docs/format.md, "Wrapped data key").
pub struct LocalRootKey {
    id: RootKeyId,
    fingerprint: Fingerprint,
    key: Secret,
}

impl LocalRootKey {
    /// The algorithm that data keys are wrapped with.
    const ALGORITHM: Algorithm = Algorithm::Aes256Gcm;

    /// A root key of 32 uniform bytes, known as `id`.
    #[must_use]
    pub fn new(id: RootKeyId, key: Secret) -> Self {
        Self { id, fingerprint: Fingerprint::of(&key), key }
    }

    /// The key itself, to be written down. Named so that every use is found by a search.
    #[cfg(feature = "escrow")]
    #[must_use]
    pub const fn expose(&self) -> &Secret {
        &self.key
    }

    /// The AEAD under this key's wrapping subkey. Made for each use: a root key is used a few times in a process' life.
    fn cipher(&self, algorithm: Algorithm) -> aead::Cipher {
        aead::Cipher::new(algorithm, &mac::subkey(&self.key, Label::RootWrap, &[algorithm as u8]))
    }

    fn refused(&self) -> RootKeyError {
        RootKeyError::Unwrap { id: self.id.clone() }
    }
}

impl RootKey for LocalRootKey {
    fn id(&self) -> &RootKeyId {
        &self.id
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    fn wrap(&self, context: &[u8], key: &Secret) -> Result<Vec<u8>, RootKeyError> {
        let mut nonce = [0; aead::NONCE_MAX];
        let nonce = nonce.split_at_mut(Self::ALGORITHM.nonce_len()).0;
        random::fill(nonce)?;
        let aad = wrapped::aad(Self::ALGORITHM, context);
        let sealed = self.cipher(Self::ALGORITHM).seal_key(nonce, &aad, key);
        let sealed = sealed.map_err(|AeadError| self.refused())?;
        Ok(wrapped::write(Self::ALGORITHM, nonce, &sealed))
    }

    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<Secret, RootKeyError> {
        let parts = WrappedKey::parse(wrapped).map_err(|_| self.refused())?;
        let aad = wrapped::aad(parts.algorithm, context);
        let opened = self.cipher(parts.algorithm).open_key(parts.nonce, &aad, parts.sealed);
        opened.map_err(|AeadError| self.refused())
    }

    #[cfg(feature = "escrow")]
    fn local(&self) -> Option<&LocalRootKey> {
        Some(self)
    }
}

impl fmt::Debug for LocalRootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalRootKey({}, {}, [redacted])", self.id, self.fingerprint)
    }
}

/// The root keys that an application is configured with: one active, which wraps, and others, which only unwrap.
///
/// A handle: cloning it copies no key.
#[derive(Clone)]
pub struct RootKeys {
    active: Arc<dyn RootKey>,
    others: Vec<Arc<dyn RootKey>>,
}

impl RootKeys {
    /// One root key, active.
    pub fn new(active: impl RootKey + 'static) -> Self {
        Self { active: Arc::new(active), others: Vec::new() }
    }

    /// A random root key that nothing keeps: for tests, and for data that need not outlive the process.
    ///
    /// # Errors
    /// [`RootKeyError::Random`] if the operating system has no random bytes to give.
    pub fn ephemeral() -> Result<Self, RootKeyError> {
        Ok(Self::new(LocalRootKey::new(RootKeyId::new("ephemeral")?, Secret::generate()?)))
    }

    /// Adds a root key that unwraps what it once wrapped.
    ///
    /// # Errors
    /// [`RootKeyError::DuplicateId`] if another key has this id.
    pub fn with(mut self, other: impl RootKey + 'static) -> Result<Self, RootKeyError> {
        if self.iter().any(|key| key.id() == other.id()) {
            return Err(RootKeyError::DuplicateId { id: other.id().clone() });
        }
        self.others.push(Arc::new(other));
        Ok(self)
    }

    /// Adds all root keys of `others`, to unwrap what they once wrapped: a new root key beside a folder of old ones. A key
    /// that is here already, by id and fingerprint, is left as it is.
    ///
    /// # Errors
    /// [`RootKeyError::DuplicateId`] if another key has the id of one of them.
    pub fn with_all(mut self, others: &Self) -> Result<Self, RootKeyError> {
        for other in std::iter::once(&others.active).chain(&others.others) {
            match self.get(other.id().as_str()) {
                Some(known) if known.fingerprint() == other.fingerprint() => {}
                Some(_) => return Err(RootKeyError::DuplicateId { id: other.id().clone() }),
                None => self.others.push(other.clone()),
            }
        }
        Ok(self)
    }

    /// The key that wraps.
    #[must_use]
    pub fn active(&self) -> &dyn RootKey {
        &*self.active
    }

    /// The key of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&dyn RootKey> {
        self.iter().find(|key| key.id().as_str() == id)
    }

    /// All keys, the active one first.
    pub fn iter(&self) -> impl Iterator<Item = &dyn RootKey> {
        std::iter::once(&self.active).chain(&self.others).map(|key| &**key)
    }

    /// Ids and fingerprints, for messages: `a` (0011223344556677), `b` (…).
    pub(crate) fn describe(&self) -> String {
        let each: Vec<String> = self.iter().map(|key| format!("`{}` ({})", key.id(), key.fingerprint())).collect();
        each.join(", ")
    }
}

impl fmt::Debug for RootKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKeys(active `{}`: {})", self.active.id(), self.describe())
    }
}

/// What can be wrong with a root key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootKeyError {
    /// The id has a length or a character that is not allowed. Not quoted: it may be a key pasted in the wrong place.
    #[error("a root key's id has 2 to 64 letters, digits or `.`, `_`, `-`, `:`")]
    BadId,
    /// Two keys of one id.
    #[error("two root keys have the id `{id}`: give each an id of its own")]
    DuplicateId {
        /// The id.
        id: RootKeyId,
    },
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Random(#[from] super::RandomError),
    /// A data key does not unwrap: it was altered, or wrapped for another application, field or scope.
    #[error(
        "root key `{id}` cannot unwrap it: the row was altered, or it belongs to another application name, field or scope"
    )]
    Unwrap {
        /// The root key that was asked.
        id: RootKeyId,
    },
    /// A key service failed.
    #[error("the key service of root key `{id}` failed")]
    External {
        /// The root key that was asked.
        id: RootKeyId,
        /// What the service said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
