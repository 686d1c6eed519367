//! `keys import`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{ArgGroup, Args};
use diesel_encrypted::{LocalRootKey, RootKey as _, escrow, key_store::Applied};
use serde::Serialize;

use crate::{
    backup,
    context::Context,
    exit::{Exit, Failure, Result},
    output::count,
    passphrase::PassphraseOptions,
    sealed_keys,
};

/// Restore keys from what `keys export` wrote.
///
/// The key tables are restored to a database that has none, or whose own are empty, in one transaction: once the
/// configured root keys are found to be those that the file names, every row authentic, and every key unwraps. Where the
/// tables hold these rows already nothing is done; where they hold others, nothing is written. Root keys are restored to a
/// folder as <ID>.key files, and none is written over.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).multiple(true), after_long_help = "\
Examples:
  diesel-encrypted keys import --root-keys clinic-root.age --folder keys
  diesel-encrypted keys import --tables clinic-keys.json --root-key-folder keys")]
pub(crate) struct Import {
    /// Restore encryption_keys and encrypted_columns from this file
    #[arg(long, value_name = "PATH", group = "what")]
    tables: Option<PathBuf>,

    /// Restore root keys from this file, to --folder
    #[arg(long, value_name = "PATH", group = "what", requires = "folder")]
    root_keys: Option<PathBuf>,

    /// The folder for root keys, which is made if there is none
    #[arg(long, value_name = "PATH", requires = "root_keys")]
    folder: Option<PathBuf>,

    #[command(flatten)]
    passphrase: PassphraseOptions,
}

#[derive(Default, Serialize)]
struct Imported {
    root_keys: Vec<PathBuf>,
    keys: usize,
    columns: usize,
    already_there: bool,
}

impl Import {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let mut imported = Imported::default();
        if let (Some(sealed), Some(folder)) = (&self.root_keys, &self.folder) {
            let bytes = fs::read(sealed).map_err(Failure::io("read", sealed))?;
            for key in sealed_keys::open(&bytes, &self.passphrase.read()?)? {
                imported.root_keys.push(restore(folder, &key)?);
            }
        }
        if let Some(path) = &self.tables {
            self.restore_tables(context, path, &mut imported)?;
        }
        context.output.result(&imported, || imported.text(self.tables.is_some()))?;
        Ok(Exit::Done)
    }

    #[allow(clippy::unused_self, reason = "it is the command's")]
    fn restore_tables(&self, context: &Context, path: &Path, imported: &mut Imported) -> Result<()> {
        let text = fs::read_to_string(path).map_err(Failure::io("read", path))?;
        let rows = backup::read(&text)?;
        backup::check(&rows, &context.root_keys()?, context.application())?;
        (imported.keys, imported.columns) = (rows.keys.len(), rows.columns.len());
        let mut session = context.connect()?;
        if let Some(stored) = session.inventory()?.filter(|stored| !stored.is_empty()) {
            if !backup::is_in(&stored, &rows) {
                return Err(Failure::failed(format!(
                    "the database has keys that are not those of {}: nothing was written. To replace them, drop \
                     encryption_keys, encrypted_columns and encryption_audit first, and back them up before: what they \
                     sealed opens by them alone",
                    path.display()
                )));
            }
            imported.already_there = true;
            return Ok(());
        }
        match session.restore(&rows)? {
            Applied::Written => Ok(()),
            Applied::Conflict => {
                Err(Failure::failed("another process writes keys at the same time: nothing was restored"))
            }
        }
    }
}

/// Writes a key, or finds it there.
fn restore(folder: &Path, key: &LocalRootKey) -> Result<PathBuf> {
    let path = folder.join(format!("{}.key", key.id()));
    if path.exists() {
        let line = zeroize::Zeroizing::new(format!(
            "{}/{}",
            key.id(),
            zeroize::Zeroizing::new(fs::read_to_string(&path).map_err(Failure::io("read", &path))?).trim()
        ));
        if escrow::from_line(&path.display().to_string(), &line)?.fingerprint() == key.fingerprint() {
            return Ok(path);
        }
    }
    Ok(escrow::write_to_folder(folder, key)?)
}

impl Imported {
    fn text(&self, tables: bool) -> String {
        let files = self.root_keys.iter().map(|path| format!("{}\n", path.display()));
        let rows = tables.then(|| match self.already_there {
            true => "the key tables hold these rows already\n".to_owned(),
            false => format!("{} of encryption_keys and {}\n", count(self.keys, "row"), count(self.columns, "column")),
        });
        files.chain(rows).collect()
    }
}
