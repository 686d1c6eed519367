//! Files that the commands write: for their owner alone, and never over another.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::Path,
};

use crate::exit::{Failure, Result};

/// Makes the file `path` with these contents.
pub(crate) fn write_new(path: &Path, contents: &[u8]) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(Failure::io("make the file", path))?;
    fill(&mut file, contents).map_err(|error| {
        // Half a backup is worse than none.
        drop(fs::remove_file(path));
        Failure::io("write", path)(error)
    })
}

fn fill(file: &mut File, contents: &[u8]) -> std::io::Result<()> {
    file.write_all(contents)?;
    file.sync_all()
}

/// Makes a folder for its owner alone, unless it is there.
pub(crate) fn private_folder(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(Failure::io("make the folder", path))
}
