//! A passphrase: from a file, from standard input, or asked for on the terminal. Never an argument.

use std::{
    fs,
    io::{self, BufRead as _, IsTerminal as _},
    path::{Path, PathBuf},
};

use clap::Args;
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure, Result};

/// The fewest characters of a passphrase that a backup is sealed under.
const LEAST: usize = 12;

/// Where a passphrase comes from.
#[derive(Args, Debug)]
pub(crate) struct PassphraseOptions {
    /// Read the passphrase of the sealed root keys from this file, which has to be of mode 0600. Unless given, it is asked
    /// for on the terminal
    #[arg(long, value_name = "PATH")]
    passphrase_file: Option<PathBuf>,

    /// Read the passphrase from standard input, its first line
    #[arg(long, conflicts_with = "passphrase_file")]
    passphrase_stdin: bool,
}

impl PassphraseOptions {
    /// A new passphrase, asked for twice.
    pub(crate) fn choose(&self) -> Result<Zeroizing<String>> {
        let passphrase = self.read()?;
        if passphrase.chars().count() < LEAST {
            return Err(Failure::usage(format!(
                "a passphrase has at least {LEAST} characters: `openssl rand -base64 24` makes one"
            )));
        }
        if !self.passphrase_stdin && self.passphrase_file.is_none() && *ask("the same again: ")? != *passphrase {
            return Err(Failure::new(Exit::Declined, "these were two passphrases: nothing was written"));
        }
        Ok(passphrase)
    }

    /// The passphrase of what was sealed.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>> {
        match &self.passphrase_file {
            Some(path) => from_file(path),
            None if self.passphrase_stdin => from_stdin(),
            None if io::stdin().is_terminal() => ask("passphrase of the sealed root keys: "),
            None => Err(Failure::usage(
                "there is no terminal to ask for the passphrase: give --passphrase-file or --passphrase-stdin",
            )),
        }
    }
}

fn ask(prompt: &str) -> Result<Zeroizing<String>> {
    let answer = rpassword::prompt_password(prompt);
    answer.map(Zeroizing::new).map_err(|error| Failure::failed(format!("cannot ask for the passphrase: {error}")))
}

fn from_stdin() -> Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::with_capacity(1024));
    io::stdin().lock().read_line(&mut line).map_err(Failure::io("read", Path::new("standard input")))?;
    Ok(without_line_end(&line))
}

fn from_file(path: &Path) -> Result<Zeroizing<String>> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(Failure::io("read", path))?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(Failure::usage(format!(
                "{} has mode {mode:04o}, which lets others than its owner in: run `chmod 600 '{}'`",
                path.display(),
                path.display()
            )));
        }
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(Failure::io("read", path))?);
    Ok(without_line_end(&text))
}

fn without_line_end(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())
}
