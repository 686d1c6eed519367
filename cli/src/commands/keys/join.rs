//! `keys join`.

use std::{fs, path::PathBuf};

use clap::Args;
use diesel_encrypted::{RootKey as _, escrow};
use zeroize::Zeroizing;

use crate::{
    commands::keys::generate::Made,
    context::Context,
    exit::{Exit, Failure, Result},
    share,
};

/// Restore a root key from shares.
///
/// The key is written to a folder as <ID>.key, once its fingerprint is found to be that of the key that was split.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted keys join --folder keys root-1-share-2-of-5.txt root-1-share-3-of-5.txt root-1-share-5-of-5.txt")]
pub(crate) struct Join {
    /// Files with a share each
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The folder that the key is restored to, which is made if there is none
    #[arg(long, value_name = "PATH")]
    folder: PathBuf,
}

impl Join {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let mut shares = Vec::new();
        for file in &self.files {
            let text = Zeroizing::new(fs::read_to_string(file).map_err(Failure::io("read", file))?);
            shares.push(share::read(&file.display().to_string(), &text)?);
        }
        let key = share::join(&shares)?;
        let path = escrow::write_to_folder(&self.folder, &key)?;
        let restored = Made::new(&key, Some(path.clone()));
        context.output.result(&restored, || {
            format!("{}: root key {} with fingerprint {}", path.display(), key.id(), key.fingerprint())
        })?;
        Ok(Exit::Done)
    }
}
