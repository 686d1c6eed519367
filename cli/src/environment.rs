//! Variables: those of the process, and below them those of a `.env` file.
//!
//! The file's variables are kept here and never set for the process, whose children would inherit them. No line of the
//! file goes into a message: it may be a key.

use std::{
    collections::HashMap,
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use zeroize::Zeroize as _;

use crate::{
    exit::{Failure, Result},
    redact::password,
};

/// The variables of this run.
#[derive(Default)]
pub(crate) struct Environment {
    file: HashMap<String, String>,
    path: Option<PathBuf>,
}

impl Environment {
    /// The process' variables and those of the file `path`; without one, of `.env` in the current folder or one above it.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self> {
        let path = match path {
            Some(path) => path.to_owned(),
            None => match nearest().map_err(Failure::io("look for", Path::new(".env")))? {
                Some(path) => path,
                None => return Ok(Self::default()),
            },
        };
        let mut file = HashMap::new();
        for variable in dotenvy::from_path_iter(&path).map_err(|error| unreadable(&path, &error))? {
            let (name, value) = variable.map_err(|error| unreadable(&path, &error))?;
            file.insert(name, value);
        }
        Ok(Self { file, path: Some(path) })
    }

    /// A variable. The process' own comes before the file's, and an empty one counts as unset.
    pub(crate) fn var(&self, name: &str) -> Option<OsString> {
        let own = env::var_os(name).filter(|value| !value.is_empty());
        own.or_else(|| self.file.get(name).filter(|value| !value.is_empty()).map(OsString::from))
    }

    /// The file, if it holds a secret and lets others than its owner in, with its mode.
    #[cfg(unix)]
    pub(crate) fn loose_file(&self) -> Option<(&Path, u32)> {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path.as_deref()?;
        let secret =
            ["ENCRYPTION_KEY", "ENC_KEYS", "ENCRYPTION_PASSPHRASE"].iter().any(|name| self.file.contains_key(*name))
                || self.file.get("DATABASE_URL").is_some_and(|url| password(url).is_some());
        let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o7777;
        (secret && mode & 0o077 != 0).then_some((path, mode))
    }

    /// Modes do not exist here.
    #[cfg(not(unix))]
    pub(crate) fn loose_file(&self) -> Option<(&Path, u32)> {
        None
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.file.values_mut().for_each(|value| value.zeroize());
    }
}

/// The nearest `.env` file, from the current folder upwards.
fn nearest() -> io::Result<Option<PathBuf>> {
    let here = env::current_dir()?;
    Ok(here.ancestors().map(|folder| folder.join(".env")).find(|path| path.is_file()))
}

/// What dotenvy says of a line quotes it.
fn unreadable(path: &Path, error: &dotenvy::Error) -> Failure {
    let path = path.display();
    match error {
        dotenvy::Error::Io(error) => Failure::usage(format!("cannot read {path}: {error}")),
        _ => Failure::usage(format!(
            "{path} has a line that is not NAME=VALUE: put a value of several words or lines in quotes"
        )),
    }
}
