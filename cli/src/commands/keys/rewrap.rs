//! `keys rewrap`.

use std::path::PathBuf;

use clap::Args;
use diesel_encrypted::{
    KeyManager, RootKeys,
    key_life::{Rewrap as Task, RootKeyUse},
};
use serde::Serialize;

use crate::{
    arguments::RootKeyOptions,
    context::Context,
    exit::{Exit, Result},
    life,
    output::count,
    root_keys,
};

/// Wrap every data key of every scope by the active root key.
///
/// In one transaction, over the key tables alone, while the application runs. The old root keys are configured beside the
/// new one, which is active; or they are named here. Configure the new one everywhere first: a process that starts
/// afterwards needs it. What it prints are the root keys that are needed from then on: others open nothing any more but
/// backups.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted keys rewrap --root-key-folder keys --root-key-active root-2026
  diesel-encrypted keys rewrap --root-key-file new.hex --old-root-key-file old.hex
  diesel-encrypted keys rewrap --root-key-folder new-keys --old-root-key-folder old-keys")]
pub(crate) struct Rewrap {
    /// The old root key, in a file as ENCRYPTION_KEY_FILE names one
    #[arg(long, value_name = "PATH")]
    old_root_key_file: Option<PathBuf>,

    /// The old root keys, in a folder as ENCRYPTION_FIELD_KEY_PATH names one
    #[arg(long, value_name = "PATH", conflicts_with = "old_root_key_file")]
    old_root_key_folder: Option<PathBuf>,

    /// One of the old root keys, if the folder has several: any, and so not needed
    #[arg(hide = true, long, value_name = "ID", requires = "old_root_key_folder")]
    old_root_key_active: Option<String>,
}

#[derive(Serialize)]
struct Rewrapped {
    keys: usize,
    needed: Vec<Needed>,
}

#[derive(Serialize)]
struct Needed {
    id: String,
    fingerprint: String,
    keys: usize,
}

impl Rewrap {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let new = context.root_keys()?;
        let manager = match self.old()? {
            Some(old) => KeyManager::moving(&old, new)?,
            None => KeyManager::new(new),
        };
        let mut session = context.connect()?;
        context.inventory(&mut *session)?;
        let done = life::manager(context, manager).run_with(&Task, &mut *session.store())?;
        let needed = |root: &RootKeyUse| Needed {
            id: root.root_id.clone(),
            fingerprint: root.fingerprint.to_string(),
            keys: root.keys,
        };
        let done = Rewrapped { keys: done.keys, needed: done.needed.iter().map(needed).collect() };
        context.output.result(&done, || {
            let needed = done.needed.iter().map(|root| {
                format!("needed from now on: {} ({}), for {}\n", root.id, root.fingerprint, count(root.keys, "key"))
            });
            format!("{} wrapped anew\n", count(done.keys, "key")) + &needed.collect::<String>()
        })?;
        Ok(Exit::Done)
    }

    /// Which of several old keys is active makes no difference, as none of them wraps.
    fn old_active(&self) -> Result<Option<String>> {
        match (&self.old_root_key_active, &self.old_root_key_folder) {
            (None, Some(folder)) => root_keys::any_of(folder).map(Some),
            (active, _) => Ok(active.clone()),
        }
    }

    fn old(&self) -> Result<Option<RootKeys>> {
        let options = RootKeyOptions {
            root_key_file: self.old_root_key_file.clone(),
            root_key_folder: self.old_root_key_folder.clone(),
            root_key_active: self.old_active()?,
            ..RootKeyOptions::default()
        };
        match options.root_key_file.is_some() || options.root_key_folder.is_some() {
            true => root_keys::given(&options).map(Some),
            false => Ok(None),
        }
    }
}
