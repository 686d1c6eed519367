//! A root key derived from a passphrase, with its salt and parameters in a file.
//!
//! The file is written once and never again: another salt is another key. Its parameters are bounded when they are read,
//! so that an altered file can neither make the passphrase easy to guess nor exhaust the machine.

use std::io::ErrorKind;
use std::path::Path;

use super::parameters::Parameters;
use super::{NamedKey, SourceError, assemble, disk};
use crate::kdf;
use crate::keys::{RootKeys, Secret};

/// The least number of characters of a passphrase.
pub(super) const LEAST_CHARACTERS: usize = 32;

const MAKE_BY_HAND: &str = "put it on a local file system";

/// The function that derives a key from a passphrase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassphraseKdf {
    /// Argon2id (RFC 9106), version 0x13, m = 19 MiB, t = 2, p = 1 (OWASP Password Storage Cheat Sheet).
    #[default]
    Argon2id,
    /// PBKDF2-HMAC-SHA256 (RFC 8018), 600,000 iterations (OWASP Password Storage Cheat Sheet): where only approved
    /// functions may be used.
    Pbkdf2Sha256,
}

impl PassphraseKdf {
    /// The name in the parameters' file and in `ENCRYPTION_PASSPHRASE_KDF`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Argon2id => "argon2id",
            Self::Pbkdf2Sha256 => "pbkdf2-sha256",
        }
    }

    /// The function of this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Argon2id, Self::Pbkdf2Sha256].into_iter().find(|kdf| kdf.name() == name)
    }
}

impl RootKeys {
    /// A root key from a passphrase of at least 32 characters, through Argon2id. Its id is `key-` and its fingerprint.
    ///
    /// `parameters` is the path of a file that keeps the random salt of 16 bytes and the cost, one line in the
    /// [PHC string format](https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md). It is made on first
    /// use with mode 0600 (its folder must exist) and never overwritten: back it up, because without it the passphrase
    /// opens nothing. On Unix it is refused if its group or others may reach it.
    ///
    /// The passphrase is taken in Unicode's normal form C, and a line end after it does not count, so that it is the same
    /// on every system.
    ///
    /// **The fingerprint of such a key is an aid to guessing.** It is stored in the database, written to the log, and is
    /// part of the key's id. Whoever has it and the salt can try passphrases offline at the cost of one derivation each;
    /// keep the parameters' file out of the database, its backups and the logs, and let the passphrase be random:
    /// `openssl rand -base64 32`.
    ///
    /// # Errors
    /// [`SourceError`] if the passphrase is too short, or the file cannot be made, or cannot be read or trusted.
    pub fn from_passphrase(passphrase: &str, parameters: impl AsRef<Path>) -> Result<Self, SourceError> {
        open("the passphrase", passphrase, parameters.as_ref(), None)
    }

    /// [`from_passphrase`](Self::from_passphrase) with a chosen function.
    ///
    /// # Errors
    /// Also [`SourceError::OtherKdf`] if the file was made for the other function.
    pub fn from_passphrase_with(
        passphrase: &str,
        parameters: impl AsRef<Path>,
        kdf: PassphraseKdf,
    ) -> Result<Self, SourceError> {
        open("the passphrase", passphrase, parameters.as_ref(), Some(kdf))
    }
}

/// Derives the key. `origin` names the passphrase.
pub(super) fn open(
    origin: &str,
    passphrase: &str,
    path: &Path,
    kdf: Option<PassphraseKdf>,
) -> Result<RootKeys, SourceError> {
    let passphrase = kdf::nfc(passphrase.trim_end_matches(['\r', '\n']));
    if passphrase.chars().count() < LEAST_CHARACTERS {
        return Err(SourceError::ShortPassphrase { origin: origin.to_owned(), minimum: LEAST_CHARACTERS });
    }
    let parameters = load_or_create(path, kdf)?;
    let key = derive(&passphrase, &parameters)
        .map_err(|problem| SourceError::Derivation { path: path.to_owned(), problem: problem.to_string() })?;
    assemble(origin, NamedKey::by_fingerprint(key)?, Vec::new())
}

/// The parameters in the file, which is made if it is missing and read back in either case.
fn load_or_create(path: &Path, kdf: Option<PassphraseKdf>) -> Result<Parameters, SourceError> {
    let stored = match read(path) {
        Err(SourceError::Io { error, .. }) if error.kind() == ErrorKind::NotFound => {
            let new = Parameters::generate(kdf.unwrap_or_default())?;
            let made = disk::create_once(path, &new.to_line(path)?, MAKE_BY_HAND)?;
            let stored = read(path)?;
            if made && stored != new {
                return Err(SourceError::ReadBack { path: path.to_owned() });
            }
            stored
        }
        read => read?,
    };
    match kdf {
        Some(asked) if asked != stored.kdf() => {
            Err(SourceError::OtherKdf { path: path.to_owned(), found: stored.kdf().name(), asked: asked.name() })
        }
        _ => Ok(stored),
    }
}

fn read(path: &Path) -> Result<Parameters, SourceError> {
    Parameters::parse(path, &disk::read_private(path)?)
}

fn derive(passphrase: &str, parameters: &Parameters) -> Result<Secret, argon2::Error> {
    match parameters {
        Parameters::Argon2id { cost, salt } => kdf::argon2id(passphrase.as_bytes(), salt, *cost),
        Parameters::Pbkdf2Sha256 { iterations, salt } => {
            Ok(kdf::pbkdf2_sha256(passphrase.as_bytes(), salt, *iterations))
        }
    }
}
