//! The salt and cost of a passphrase's key, as one line in the PHC string format.
//!
//! `$argon2id$v=19$m=19456,t=2,p=1$<salt>` or `$pbkdf2-sha256$i=600000$<salt>`, the salt of 16 bytes in base64 without
//! padding. Only the canonical form is read, and only costs within bounds.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;

use phc::{Ident, ParamsString, PasswordHash, Salt};

use super::{PassphraseKdf, SourceError};
use crate::kdf::{Argon2id, ITERATIONS, LANES, MEMORY, PASSES, SALT_LENGTH};
use crate::keys::RandomError;

/// Argon2's version 0x13, as the format writes it.
const VERSION: u32 = 19;

/// How a passphrase becomes a key. Its `Debug` leaves the salt out.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Parameters {
    Argon2id { cost: Argon2id, salt: [u8; SALT_LENGTH] },
    Pbkdf2Sha256 { iterations: u32, salt: [u8; SALT_LENGTH] },
}

impl Parameters {
    /// A random salt and the least cost that is accepted.
    pub(super) fn generate(kdf: PassphraseKdf) -> Result<Self, SourceError> {
        let mut salt = [0; SALT_LENGTH];
        getrandom::fill(&mut salt).map_err(|_| RandomError)?;
        Ok(match kdf {
            PassphraseKdf::Argon2id => Self::Argon2id { cost: Argon2id::LEAST, salt },
            PassphraseKdf::Pbkdf2Sha256 => Self::Pbkdf2Sha256 { iterations: *ITERATIONS.start(), salt },
        })
    }

    pub(super) fn kdf(&self) -> PassphraseKdf {
        match self {
            Self::Argon2id { .. } => PassphraseKdf::Argon2id,
            Self::Pbkdf2Sha256 { .. } => PassphraseKdf::Pbkdf2Sha256,
        }
    }

    /// The line, with its end.
    pub(super) fn to_line(&self, path: &Path) -> Result<String, SourceError> {
        let phc = self.to_phc().map_err(|_| malformed(path, "they cannot be written"))?;
        Ok(format!("{phc}\n"))
    }

    /// Reads what [`to_line`](Self::to_line) wrote to `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, SourceError> {
        let line = text.trim();
        let phc = PasswordHash::new(line).map_err(|_| malformed(path, "not a line in the PHC string format"))?;
        let salt = phc.salt.as_ref().and_then(|salt| <[u8; SALT_LENGTH]>::try_from(salt.as_ref()).ok());
        let salt = salt.ok_or_else(|| malformed(path, "the salt is not of 16 bytes"))?;
        let get = |name: &'static str, bounds: RangeInclusive<u32>| {
            let found = phc.params.get_decimal(name).ok_or_else(|| malformed(path, "a parameter is missing"))?;
            if bounds.contains(&found) {
                return Ok(found);
            }
            let (lowest, highest) = bounds.into_inner();
            Err(SourceError::ParameterBounds { path: path.to_owned(), name, found, lowest, highest })
        };
        let parameters = match PassphraseKdf::from_name(phc.algorithm.as_str()) {
            Some(PassphraseKdf::Argon2id) => {
                let cost = Argon2id { memory: get("m", MEMORY)?, passes: get("t", PASSES)?, lanes: get("p", LANES)? };
                Self::Argon2id { cost, salt }
            }
            Some(PassphraseKdf::Pbkdf2Sha256) => Self::Pbkdf2Sha256 { iterations: get("i", ITERATIONS)?, salt },
            None => return Err(malformed(path, "neither `argon2id` nor `pbkdf2-sha256`")),
        };
        // Repeated, unknown or reordered parameters, another version, a hash.
        match parameters.to_phc() {
            Ok(canonical) if canonical.to_string() == line => Ok(parameters),
            _ => Err(malformed(path, "not in the form in which it was written")),
        }
    }

    fn to_phc(&self) -> Result<PasswordHash, phc::Error> {
        let mut params = ParamsString::new();
        let (version, salt) = match self {
            Self::Argon2id { cost, salt } => {
                params.add_decimal("m", cost.memory)?;
                params.add_decimal("t", cost.passes)?;
                params.add_decimal("p", cost.lanes)?;
                (Some(VERSION), salt)
            }
            Self::Pbkdf2Sha256 { iterations, salt } => {
                params.add_decimal("i", *iterations)?;
                (None, salt)
            }
        };
        let algorithm = Ident::new(self.kdf().name())?;
        Ok(PasswordHash { algorithm, version, params, salt: Some(Salt::new(salt)?), hash: None })
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parameters({}, [redacted])", self.kdf().name())
    }
}

fn malformed(path: &Path, problem: &'static str) -> SourceError {
    SourceError::MalformedParameters { path: path.to_owned(), problem }
}
