//! Root keys by the environment: which variable names the source, and that exactly one does.

use std::ffi::OsString;
use std::path::Path;

use zeroize::{Zeroize as _, Zeroizing};

use super::{PassphraseKdf, SourceError, disk, file, folder, list, passphrase};
use crate::keys::RootKeys;

const KEY: &str = "ENCRYPTION_KEY";
const KEY_FILE: &str = "ENCRYPTION_KEY_FILE";
const KEYS: &str = "ENC_KEYS";
const FOLDER: &str = "ENCRYPTION_FIELD_KEY_PATH";
const PASSPHRASE: &str = "ENCRYPTION_PASSPHRASE";
const PASSPHRASE_FILE: &str = "ENCRYPTION_PASSPHRASE_FILE";

/// The variables that name a source. One of them may be set.
pub(super) const SOURCES: [&str; 6] = [KEY, KEY_FILE, KEYS, FOLDER, PASSPHRASE, PASSPHRASE_FILE];

const ACTIVE: &str = "ENC_KEY_ACTIVE";
const PARAMETERS: &str = "ENCRYPTION_PASSPHRASE_PARAMETERS";
const KDF: &str = "ENCRYPTION_PASSPHRASE_KDF";

/// The variables that belong to a source, the sources, and their names in a message.
const COMPANIONS: [(&str, [&str; 2], &str); 3] = [
    (ACTIVE, [KEYS, FOLDER], "ENC_KEYS or ENCRYPTION_FIELD_KEY_PATH"),
    (PARAMETERS, [PASSPHRASE, PASSPHRASE_FILE], "ENCRYPTION_PASSPHRASE or ENCRYPTION_PASSPHRASE_FILE"),
    (KDF, [PASSPHRASE, PASSPHRASE_FILE], "ENCRYPTION_PASSPHRASE or ENCRYPTION_PASSPHRASE_FILE"),
];

impl RootKeys {
    /// Root keys from the one source that the environment names. Exactly one of these is set; an empty variable counts as
    /// unset.
    ///
    /// | variable | holds | with |
    /// |---|---|---|
    /// | `ENCRYPTION_KEY` | 64 hexadecimal characters ([`from_hex`](Self::from_hex)) | |
    /// | `ENCRYPTION_KEY_FILE` | the path of a file that holds them ([`from_file`](Self::from_file)) | |
    /// | `ENC_KEYS` | lines of `id/base64 of 32 bytes` ([`from_key_list`](Self::from_key_list)) | `ENC_KEY_ACTIVE`, unless there is one key |
    /// | `ENCRYPTION_FIELD_KEY_PATH` | the path of a folder of `<id>.key` files ([`from_folder`](Self::from_folder)) | `ENC_KEY_ACTIVE`, unless there is one key |
    /// | `ENCRYPTION_PASSPHRASE` | at least 32 characters ([`from_passphrase`](Self::from_passphrase)) | `ENCRYPTION_PASSPHRASE_PARAMETERS`, the path of the file that keeps the salt; `ENCRYPTION_PASSPHRASE_KDF`, `argon2id` or `pbkdf2-sha256` |
    /// | `ENCRYPTION_PASSPHRASE_FILE` | the path of a file that holds them | the same |
    ///
    /// A variable can be read by whoever may inspect the process, and its children inherit it; a file or a folder of keys
    /// is the better place on a machine of one's own.
    ///
    /// # Errors
    /// [`SourceError`], which names the variable or path and what to do; without a source it lists them all.
    pub fn from_env() -> Result<Self, SourceError> {
        Self::from_vars(|name| std::env::var_os(name))
    }

    /// [`from_env`](Self::from_env) with another place for the variables: a parsed `.env` file, a configuration, a test.
    /// `lookup` gives the value of a variable, or `None` if it is not set.
    ///
    /// # Errors
    /// As for [`from_env`](Self::from_env).
    pub fn from_vars(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, SourceError> {
        Variables(lookup).open()
    }
}

struct Variables<F>(F);

impl<F: Fn(&str) -> Option<OsString>> Variables<F> {
    fn open(&self) -> Result<RootKeys, SourceError> {
        let chosen = self.source()?;
        self.check_companions(chosen)?;
        match chosen {
            KEY => file::parse(KEY, &self.text(KEY)?),
            KEY_FILE => RootKeys::from_file(self.path(KEY_FILE)),
            KEYS => list::parse(KEYS, &self.text(KEYS)?, self.optional_text(ACTIVE)?.as_deref().map(String::as_str)),
            FOLDER => {
                folder::open(Path::new(&self.path(FOLDER)), self.optional_text(ACTIVE)?.as_deref().map(String::as_str))
            }
            PASSPHRASE => self.open_passphrase(PASSPHRASE, &self.text(PASSPHRASE)?),
            _ => {
                let path = self.path(PASSPHRASE_FILE);
                self.open_passphrase(PASSPHRASE_FILE, &disk::read_private(Path::new(&path))?)
            }
        }
    }

    /// The one source that is set.
    fn source(&self) -> Result<&'static str, SourceError> {
        let mut set = SOURCES.into_iter().filter(|name| self.is_set(name));
        match (set.next(), set.next()) {
            (Some(chosen), None) => Ok(chosen),
            (Some(first), Some(second)) => Err(SourceError::TwoSources { first, second }),
            (None, _) => Err(SourceError::NoSource),
        }
    }

    /// Refuses a variable that belongs to another source than the chosen one: someone expects it to count.
    fn check_companions(&self, chosen: &'static str) -> Result<(), SourceError> {
        for (variable, sources, needs) in COMPANIONS {
            if !sources.contains(&chosen) && self.is_set(variable) {
                return Err(SourceError::Unused { variable, chosen, needs });
            }
        }
        Ok(())
    }

    fn open_passphrase(&self, origin: &'static str, passphrase: &str) -> Result<RootKeys, SourceError> {
        let parameters = self.value(PARAMETERS).ok_or(SourceError::NoParameters { origin })?;
        let kdf = match self.optional_text(KDF)? {
            Some(name) => Some(PassphraseKdf::from_name(name.trim()).ok_or(SourceError::UnknownKdf)?),
            None => None,
        };
        passphrase::open(origin, passphrase, Path::new(&parameters), kdf)
    }

    /// Whether a variable has a value, of which no copy stays behind.
    fn is_set(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| {
            value.into_encoded_bytes().zeroize();
            true
        })
    }

    /// The value of a variable, if it has one.
    fn value(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn path(&self, name: &str) -> OsString {
        self.value(name).unwrap_or_default()
    }

    fn text(&self, name: &str) -> Result<Zeroizing<String>, SourceError> {
        Ok(self.optional_text(name)?.unwrap_or_default())
    }

    fn optional_text(&self, name: &str) -> Result<Option<Zeroizing<String>>, SourceError> {
        match self.value(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(Zeroizing::new(text))),
            Some(Err(bytes)) => {
                bytes.into_encoded_bytes().zeroize();
                Err(SourceError::NotText { origin: name.to_owned() })
            }
        }
    }
}
