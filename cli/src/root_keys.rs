//! The root keys of this run: by option, else by the variables that applications read.
//!
//! An application makes a first key where there is none. This program must not: a folder that was named wrongly would get a
//! key that opens nothing.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use diesel_encrypted::{RootKeys, SourceError};

use crate::{
    arguments::RootKeyOptions,
    environment::Environment,
    exit::{Exit, Failure, Result},
};

/// Those that options name, else those of the variables.
pub(crate) fn read(options: &RootKeyOptions, environment: &Environment) -> Result<RootKeys> {
    Ok(read_or_say(options, environment)??)
}

fn read_or_say(
    options: &RootKeyOptions,
    environment: &Environment,
) -> Result<std::result::Result<RootKeys, SourceError>> {
    match options.variables().is_empty() {
        true => from(|name| environment.var(name)),
        false => from(options.lookup()),
    }
}

/// The same, or `None` where nothing names a root key.
pub(crate) fn read_if_named(options: &RootKeyOptions, environment: &Environment) -> Result<Option<RootKeys>> {
    match read_or_say(options, environment) {
        Ok(Err(SourceError::NoSource)) => Ok(None),
        Ok(keys) => Ok(Some(keys?)),
        Err(failure) => Err(failure),
    }
}

/// Those that options name.
pub(crate) fn given(options: &RootKeyOptions) -> Result<RootKeys> {
    Ok(from(options.lookup())??)
}

fn from(lookup: impl Fn(&str) -> Option<OsString>) -> Result<std::result::Result<RootKeys, SourceError>> {
    must_hold_a_key(lookup("ENCRYPTION_FIELD_KEY_PATH"))?;
    must_exist(lookup("ENCRYPTION_PASSPHRASE_PARAMETERS"))?;
    Ok(RootKeys::from_vars(lookup))
}

impl RootKeyOptions {
    /// Their values, by the names of the variables.
    fn lookup(&self) -> impl Fn(&str) -> Option<OsString> {
        let given = self.variables();
        move |name| given.iter().find(|(given, _)| *given == name).map(|(_, value)| value.clone())
    }

    /// The options as the variables that they stand for.
    fn variables(&self) -> Vec<(&'static str, OsString)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.clone().into_os_string());
        let each = [
            ("ENCRYPTION_KEY_FILE", path(&self.root_key_file)),
            ("ENCRYPTION_FIELD_KEY_PATH", path(&self.root_key_folder)),
            ("ENC_KEY_ACTIVE", self.root_key_active.as_ref().map(OsString::from)),
            ("ENCRYPTION_PASSPHRASE_FILE", path(&self.root_passphrase_file)),
            ("ENCRYPTION_PASSPHRASE_PARAMETERS", path(&self.root_passphrase_parameters)),
        ];
        each.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

fn must_hold_a_key(folder: Option<OsString>) -> Result<()> {
    folder.map_or(Ok(()), |folder| any_of(Path::new(&folder)).map(drop))
}

/// The id of some key of a folder, which must have one.
pub(crate) fn any_of(folder: &Path) -> Result<String> {
    let id = |name: &str| name.strip_suffix(".key").filter(|_| !name.starts_with('.')).map(str::to_owned);
    let entries =
        fs::read_dir(folder).map_err(|error| missing(format!("cannot read {}: {error}", folder.display())))?;
    let found = entries.flatten().find_map(|entry| id(&entry.file_name().to_string_lossy()));
    found.ok_or_else(|| {
        missing(format!(
            "{} has no <id>.key file: is it the right folder? `keys generate --folder` makes a first key",
            folder.display()
        ))
    })
}

fn must_exist(parameters: Option<OsString>) -> Result<()> {
    match parameters {
        Some(path) if !Path::new(&path).is_file() => Err(missing(format!(
            "there is no file {}, which keeps the passphrase's salt: without it the passphrase opens nothing",
            Path::new(&path).display()
        ))),
        _ => Ok(()),
    }
}

fn missing(message: String) -> Failure {
    Failure::new(Exit::RootKeys, message)
}
