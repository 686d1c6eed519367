//! `keys export`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde::Serialize;

use crate::{
    backup,
    context::Context,
    exit::{Exit, Result},
    files::write_new,
    output::count,
    passphrase::PassphraseOptions,
    sealed_keys,
};

/// Back up keys: the key tables as a file, root keys sealed under a passphrase.
///
/// The tables' file holds data keys as the database does, wrapped: it opens nothing without the root keys. It is written
/// once every row is found authentic and every key unwraps, of every scope. Root keys are sealed in the format of `age`,
/// which opens the file too. Keep the two apart. Files have mode 0600, and none is written over.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).multiple(true), after_long_help = "\
Examples:
  diesel-encrypted keys export --tables clinic-keys.json
  diesel-encrypted keys export --root-keys clinic-root.age
  diesel-encrypted keys export --root-keys clinic-root.age --passphrase-file passphrase.txt
  age --decrypt clinic-root.age")]
pub(crate) struct Export {
    /// Write encryption_keys and encrypted_columns to this file
    #[arg(long, value_name = "PATH", group = "what")]
    tables: Option<PathBuf>,

    /// Seal the configured root keys under a passphrase, to this file
    #[arg(long, value_name = "PATH", group = "what")]
    root_keys: Option<PathBuf>,

    #[command(flatten)]
    passphrase: PassphraseOptions,
}

#[derive(Default, Serialize)]
struct Exported {
    tables: Option<PathBuf>,
    keys: usize,
    columns: usize,
    root_keys: Option<PathBuf>,
    root_key_ids: Vec<String>,
}

impl Export {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let root_keys = context.root_keys()?;
        let mut exported = Exported::default();
        if let Some(path) = &self.tables {
            let rows = context.inventory(&mut *context.connect()?)?;
            backup::check(&rows, &root_keys, context.application())?;
            write_new(path, backup::write(&rows)?.as_bytes())?;
            (exported.keys, exported.columns) = (rows.keys.len(), rows.columns.len());
            exported.tables = Some(path.clone());
        }
        if let Some(path) = &self.root_keys {
            write_new(path, &sealed_keys::seal(&root_keys, &self.passphrase.choose()?)?)?;
            exported.root_keys = Some(path.clone());
            exported.root_key_ids = root_keys.iter().map(|key| key.id().to_string()).collect();
        }
        context.output.result(&exported, || exported.text())?;
        Ok(Exit::Done)
    }
}

impl Exported {
    fn text(&self) -> String {
        let tables = self.tables.iter().map(|path| {
            let (keys, columns) = (count(self.keys, "row"), count(self.columns, "column"));
            format!("{}: {keys} of encryption_keys, all authentic, and {columns}\n", path.display())
        });
        let root_keys = self.root_keys.iter().map(|path| {
            let ids = self.root_key_ids.join(", ");
            format!("{}: {ids}, sealed. Keep it apart from the database and its backups\n", path.display())
        });
        tables.chain(root_keys).collect()
    }
}
