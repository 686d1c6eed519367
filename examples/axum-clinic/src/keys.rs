//! The root keys, and when a first one may be made.

use std::{env, fs, path::Path};

use diesel_encrypted::prelude::*;

use crate::start::StartError;

const FOLDER: &str = "ENCRYPTION_FIELD_KEY_PATH";

/// The root keys of the one source that the environment names.
///
/// A folder without a key gets one, which is right for a new database alone. One that has keys already needs the root key
/// that wrapped them: then the folder was not mounted, or is another.
pub fn root_keys(database_has_keys: bool) -> Result<RootKeys, StartError> {
    if database_has_keys
        && let Some(folder) = env::var_os(FOLDER)
        && !has_key(Path::new(&folder))
    {
        return Err(StartError::configuration(format!(
            "{FOLDER} has no key, and this database was encrypted with one: mount the right folder, or restore the key \
             from its backup. No new key was made"
        )));
    }
    Ok(RootKeys::from_env()?)
}

fn has_key(folder: &Path) -> bool {
    let mut files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.any(|file| file.path().extension().is_some_and(|extension| extension == "key"))
}
