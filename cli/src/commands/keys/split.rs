//! `keys split`.

use std::path::PathBuf;

use clap::Args;
use diesel_encrypted::RootKey as _;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    context::Context,
    exit::{Exit, Failure, Result},
    files::{private_folder, write_new},
    share,
};

/// Split a root key into shares, some of which restore it.
///
/// Each share is a text file of mode 0600, to be given to a person of its own, on paper or otherwise. Fewer shares than are
/// needed tell nothing of the key. Two splittings of one key do not mix.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted keys split --needed 3 --shares 5 shares
  diesel-encrypted keys split --needed 2 --shares 3 --id root-2026 shares")]
pub(crate) struct Split {
    /// The folder for the shares, which is made if there is none
    folder: PathBuf,

    /// How many shares restore the key, at least 2
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(2..))]
    needed: u8,

    /// How many shares are made
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..))]
    shares: u8,

    /// Which of the configured root keys. Unless given, the active one
    #[arg(long)]
    id: Option<String>,
}

#[derive(Serialize)]
struct Made {
    id: String,
    fingerprint: String,
    needed: u8,
    files: Vec<PathBuf>,
}

impl Split {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let keys = context.root_keys()?;
        let key = match &self.id {
            Some(id) => {
                keys.get(id).ok_or_else(|| Failure::new(Exit::RootKeys, format!("no root key `{id}` is configured")))?
            }
            None => keys.active(),
        };
        let key = key.local().ok_or_else(|| Failure::new(Exit::RootKeys, "this root key never leaves its owner"))?;
        private_folder(&self.folder)?;
        let mut files = Vec::new();
        for share in share::split(key, self.needed, self.shares)? {
            let path = self.folder.join(format!("{}-share-{}-of-{}.txt", key.id(), share.number(), self.shares));
            let text = Zeroizing::new(format!(
                "Share {} of {} of the root key {}. Any {} of them restore it:\n\
                 diesel-encrypted keys join --folder FOLDER FILE..\n\n{}\n",
                share.number(),
                self.shares,
                key.id(),
                share.needed,
                *share.line()
            ));
            write_new(&path, text.as_bytes())?;
            files.push(path);
        }
        let made =
            Made { id: key.id().to_string(), fingerprint: key.fingerprint().to_string(), needed: self.needed, files };
        context.output.result(&made, || {
            let files: Vec<String> = made.files.iter().map(|path| path.display().to_string()).collect();
            format!(
                "any {} of these restore root key {} ({}):\n{}",
                made.needed,
                made.id,
                made.fingerprint,
                files.join("\n")
            )
        })?;
        Ok(Exit::Done)
    }
}
