//! Root keys in a folder: a file `<id>.key` for each, holding base64 of 32 bytes.
//!
//! The first key is made here. An existing one is never overwritten, removed or repaired.

use std::fs;
use std::path::Path;
use std::time::Duration;

use subtle::ConstantTimeEq as _;
use tracing::{info, warn};

use super::{NamedKey, SourceError, assemble, choose, disk, parse_id, text};
use crate::keys::{RootKeys, Secret};

/// The id of a key that is made on first start. The same for every process, so that of several at once one makes it.
const FIRST_ID: &str = "root-1";

const ID: &str = "2 to 64 letters, digits or `.`, `_`, `-`, `:` before `.key`: rename the file";

const MAKE_BY_HAND: &str = "make it with `(umask 077; openssl rand -base64 32 > root-1.key)` in that folder";

/// A temporary file older than this belongs to no process that is still starting.
const ABANDONED: Duration = Duration::from_secs(600);

impl RootKeys {
    /// Root keys from a folder of `<id>.key` files, the form of `ENCRYPTION_FIELD_KEY_PATH`. Each holds the base64 of 32
    /// bytes (44 characters, `openssl rand -base64 32`); an id has 2 to 64 characters. Other files and hidden ones are
    /// not read.
    ///
    /// The only key is the active one; of several, choose it by [`from_folder_with_active`](Self::from_folder_with_active).
    ///
    /// **First start.** Without any key, `root-1.key` is made with mode 0600, in a folder of mode 0700 that is itself made
    /// if its parent exists. The file appears whole or not at all, so several processes that start at once agree on one
    /// key, and a crash on the way leaves nothing that is read. The key is read back before it is used. Back it up:
    /// nothing opens without it.
    ///
    /// On Unix a folder or file that its group or others may reach is refused. On other systems nothing is checked.
    ///
    /// # Errors
    /// [`SourceError`], which names the path.
    pub fn from_folder(path: impl AsRef<Path>) -> Result<Self, SourceError> {
        open(path.as_ref(), None)
    }

    /// [`from_folder`](Self::from_folder) with the id of the key that wraps new data keys. The others only unwrap. A first
    /// key is made only if `active` is its id, `root-1`.
    ///
    /// # Errors
    /// [`SourceError`], which names the path.
    pub fn from_folder_with_active(path: impl AsRef<Path>, active: &str) -> Result<Self, SourceError> {
        open(path.as_ref(), Some(active))
    }
}

/// Reads the folder, and makes a first key if it has none.
pub(super) fn open(path: &Path, active: Option<&str>) -> Result<RootKeys, SourceError> {
    disk::private_folder(path)?;
    let mut keys = read_all(path)?;
    if keys.is_empty() {
        if active.is_some_and(|id| id.trim() != FIRST_ID) {
            return Err(SourceError::ActiveWithoutKeys { path: path.to_owned() });
        }
        keys.push(make_first(path)?);
    }
    let origin = path.display().to_string();
    let active = choose(&origin, &mut keys, active)?;
    assemble(&origin, active, keys)
}

/// All keys of the folder, ordered by id.
fn read_all(folder: &Path) -> Result<Vec<NamedKey>, SourceError> {
    let mut keys = Vec::new();
    for entry in fs::read_dir(folder).map_err(disk::io_error("read", folder))? {
        let path = entry.map_err(disk::io_error("read", folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            warn_if_abandoned(&path, &name);
        } else if let Some(id) = name.strip_suffix(".key") {
            let id = parse_id(&path.display().to_string(), id, 2..=64, ID)?;
            keys.push(NamedKey { id, key: read_key(&path)? });
        }
    }
    keys.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(keys)
}

fn read_key(path: &Path) -> Result<Secret, SourceError> {
    text::from_base64(&path.display().to_string(), &disk::read_private(path)?)
}

/// Makes the first key, or takes the one that another process has just made, and reads it back.
fn make_first(folder: &Path) -> Result<NamedKey, SourceError> {
    let path = folder.join(format!("{FIRST_ID}.key"));
    let key = Secret::generate()?;
    let made = disk::create_once(&path, &text::to_base64_line(&key), MAKE_BY_HAND)?;
    let stored = read_key(&path)?;
    if made {
        if !bool::from(stored.expose_bytes().ct_eq(key.expose_bytes())) {
            return Err(SourceError::ReadBack { path });
        }
        info!(path = %path.display(), "root key made: back this file up, nothing opens without it");
    }
    let id = parse_id(&path.display().to_string(), FIRST_ID, 2..=64, ID)?;
    Ok(NamedKey { id, key: stored })
}

/// A crash during the first start may leave a copy of the key under a hidden name, to be removed with the key itself.
fn warn_if_abandoned(path: &Path, name: &str) {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    if disk::is_temporary(name) && age.is_some_and(|age| age > ABANDONED) {
        warn!(path = %path.display(), "left over from an interrupted first start, may hold a key: remove this file");
    }
}
