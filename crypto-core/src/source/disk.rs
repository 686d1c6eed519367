//! Files that hold secrets: read with their permissions checked, made whole and never overwritten.
//!
//! On Unix a file or folder that its group or others may reach is refused. Elsewhere modes do not exist and nothing is
//! checked: restrict the folder's access list to the account that runs the application.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::SourceError;
use crate::keys::RandomError;

/// The longest file that is read: a key or a passphrase is far shorter.
pub(super) const LONGEST_FILE: usize = 4096;

/// What the names of temporary files end with; they begin with a dot.
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Reads a text file that only its owner may reach.
pub(super) fn read_private(path: &Path) -> Result<Zeroizing<String>, SourceError> {
    // Looked at before it is opened, because opening a pipe waits for its other end.
    check_file(path, &fs::metadata(path).map_err(io_error("read", path))?)?;
    let file = File::open(path).map_err(io_error("read", path))?;
    check_file(path, &file.metadata().map_err(io_error("read", path))?)?;

    // Room for one read more than the limit, so that the buffer never moves and leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_FILE + 64));
    file.take(LONGEST_FILE as u64 + 1).read_to_end(&mut bytes).map_err(io_error("read", path))?;
    if bytes.len() > LONGEST_FILE {
        return Err(SourceError::TooLong { path: path.to_owned(), limit: LONGEST_FILE });
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(SourceError::NotText { origin: path.display().to_string() }),
    }
}

/// Makes the folder, for its owner alone, if there is none; refuses one that others may reach.
pub(super) fn private_folder(path: &Path) -> Result<(), SourceError> {
    match make_folder(path) {
        Ok(()) => sync_folder(parent(path))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io_error("make the folder", path)(error)),
    }
    let metadata = fs::metadata(path).map_err(io_error("read", path))?;
    if !metadata.is_dir() {
        return Err(SourceError::NotAFolder { path: path.to_owned() });
    }
    match loose_mode(&metadata) {
        Some(mode) => Err(SourceError::LooseFolder { path: path.to_owned(), mode }),
        None => Ok(()),
    }
}

/// Makes the file `path` with these contents, for its owner alone, unless it exists. Returns whether it was made here.
///
/// The contents are written and synced under another name in the same folder and then linked to `path`: the file appears
/// whole or not at all, an existing one is never replaced, and of several processes at once one makes the file. A
/// process that dies on the way leaves a `.….tmp` file, which nothing reads.
///
/// `fix` tells how to make the file by hand where the file system cannot do that.
pub(super) fn create_once(path: &Path, contents: &str, fix: &'static str) -> Result<bool, SourceError> {
    let folder = parent(path);
    let temporary = Temporary::new(folder)?;
    let mut file = private_options().open(&temporary.0).map_err(io_error("write in the folder", folder))?;
    file.write_all(contents.as_bytes()).map_err(io_error("write", &temporary.0))?;
    file.sync_all().map_err(io_error("sync", &temporary.0))?;
    let made = match fs::hard_link(&temporary.0, path) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
        Err(error) => return Err(SourceError::NoHardLinks { path: path.to_owned(), error, fix }),
    };
    drop(temporary);
    sync_folder(folder)?;
    Ok(made)
}

/// Whether this is the name of a temporary file that [`create_once`] left behind.
pub(super) fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(TEMPORARY_SUFFIX)
}

/// The error of an operation on a path.
pub(super) fn io_error<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> SourceError + 'a {
    move |error| SourceError::Io { action, path: path.to_owned(), error }
}

/// The name of a file that is removed when this is dropped.
struct Temporary(PathBuf);

impl Temporary {
    /// A name that no other process has: process ids repeat from one container to the next.
    fn new(folder: &Path) -> Result<Self, SourceError> {
        let random = getrandom::u64().map_err(|_| RandomError)?;
        Ok(Self(folder.join(format!(".{random:016x}{TEMPORARY_SUFFIX}"))))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A file that stays is harmless.
        let _ = fs::remove_file(&self.0);
    }
}

/// The folder that a path lies in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn check_file(path: &Path, metadata: &Metadata) -> Result<(), SourceError> {
    if !metadata.is_file() {
        return Err(SourceError::NotAFile { path: path.to_owned() });
    }
    match loose_mode(metadata) {
        Some(mode) => Err(SourceError::LooseFile { path: path.to_owned(), mode }),
        None => Ok(()),
    }
}

/// The mode, if it lets others than the owner in.
#[cfg(unix)]
fn loose_mode(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn loose_mode(_: &Metadata) -> Option<u32> {
    None
}

#[cfg(unix)]
fn make_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

/// Options that make a new file for its owner alone.
fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Makes the folder's entries durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<(), SourceError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("sync the folder", folder))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), SourceError> {
    Ok(())
}
