//! `keys generate`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use diesel_encrypted::{
    LocalRootKey, RootKey as _, RootKeyId,
    escrow::{self, to_hex, to_line},
};
use serde::Serialize;

use crate::{
    context::Context,
    exit::{Exit, Failure, Result},
    output::{print, tell},
};

/// Make a root key: in a file, in a folder, or printed for a variable.
///
/// The key is 32 random bytes of the operating system. A file is made with mode 0600, read back, and never written over
/// another. Back the key up, apart from the database: nothing opens without it.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("place").required(true), after_long_help = "\
Examples:
  diesel-encrypted keys generate --folder keys
  diesel-encrypted keys generate --folder keys --id root-2026
  diesel-encrypted keys generate --file root.hex
  diesel-encrypted keys generate --print line > /run/secrets/enc_keys")]
pub(crate) struct Generate {
    /// Make a file of 64 hexadecimal characters, for ENCRYPTION_KEY_FILE
    #[arg(long, value_name = "PATH", group = "place")]
    file: Option<PathBuf>,

    /// Make <ID>.key in this folder, for ENCRYPTION_FIELD_KEY_PATH
    #[arg(long, value_name = "PATH", group = "place")]
    folder: Option<PathBuf>,

    /// Print the key itself, and store it nowhere
    #[arg(long, value_name = "FORM", group = "place", value_enum)]
    print: Option<Form>,

    /// What the key is called in the database. Unless given, `key-` and its fingerprint
    #[arg(long)]
    id: Option<String>,
}

/// For which variable a key is printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// 64 hexadecimal characters, for ENCRYPTION_KEY
    Hex,
    /// A line of ENC_KEYS, `id/base64`
    Line,
}

/// A key that was written down.
#[derive(Serialize)]
pub(super) struct Made {
    id: String,
    fingerprint: String,
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl Made {
    pub(super) fn new(key: &LocalRootKey, path: Option<PathBuf>) -> Self {
        Self { id: key.id().to_string(), fingerprint: key.fingerprint().to_string(), path, key: None }
    }
}

impl Generate {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        if self.id.is_some() && (self.file.is_some() || matches!(self.print, Some(Form::Hex))) {
            return Err(Failure::usage(
                "a key in hexadecimal is called after its fingerprint: --id goes with --folder and --print line",
            ));
        }
        let key = escrow::generate(self.id.as_deref().map(RootKeyId::new).transpose()?)?;
        let path = match (&self.file, &self.folder) {
            (Some(file), _) => {
                escrow::write_file(file, &key)?;
                Some(file.clone())
            }
            (None, Some(folder)) => Some(escrow::write_to_folder(folder, &key)?),
            (None, None) => None,
        };
        self.report(context, &key, path)
    }

    fn report(&self, context: &Context, key: &LocalRootKey, path: Option<PathBuf>) -> Result<Exit> {
        let text = self.print.map(|form| match form {
            Form::Hex => to_hex(key),
            Form::Line => to_line(key),
        });
        let key_text = text.as_ref().filter(|_| context.options.json).map(|text| text.to_string());
        let made = Made { key: key_text, ..Made::new(key, path) };
        let described = format!("root key {} with fingerprint {}", made.id, made.fingerprint);
        match (&text, &made.path) {
            (Some(text), _) if !context.options.json => {
                // Standard output is for the key alone.
                tell(&format!("{described}, which is kept nowhere else"));
                print(text)?;
            }
            (_, Some(path)) => context
                .output
                .result(&made, || format!("{}: {described}. Back it up: nothing opens without it", path.display()))?,
            _ => context.output.result(&made, String::new)?,
        }
        Ok(Exit::Done)
    }
}
