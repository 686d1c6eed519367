//! What the command line may say. What each command takes stands with the command.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::commands::Command;

/// Keys, SQL and checks for a database with columns encrypted by diesel-encrypted.
///
/// The database is named by --database-url or DATABASE_URL, root keys by the variables that the application itself reads
/// (ENCRYPTION_KEY_FILE, ENCRYPTION_FIELD_KEY_PATH and others) or by the options below. Variables may stand in a `.env`
/// file in the current folder or above it; the process' own come first.
#[derive(Debug, Parser)]
#[command(version, after_long_help = AFTER, max_term_width = 110, disable_help_subcommand = false)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) global: Global,
}

const AFTER: &str = "\
Exit codes:
  0    done
  1    not done: the message says why
  2    the arguments are not understood, or configuration is missing
  3    done, and something was found that needs someone
  4    not done, because it was not confirmed
  5    a root key is missing, or another than the database knows
  130  stopped by Ctrl-C, at a checkpoint

Examples:
  diesel-encrypted keys generate --folder keys
  diesel-encrypted keys list --database-url clinic.db
  DATABASE_URL=postgres://clinic@db/clinic diesel-encrypted doctor";

/// Where things are, for every command.
#[derive(Args, Debug, Default)]
pub(crate) struct Global {
    /// The database: postgres://USER@HOST/NAME, mysql://USER@HOST/NAME or the path of a SQLite file. One with a password
    /// is refused here, where every user of the machine can read it: set DATABASE_URL
    #[arg(long, global = true, value_name = "URL", help_heading = "Where", display_order = 100)]
    pub(crate) database_url: Option<String>,

    /// Read variables from this file instead of `.env`
    #[arg(long, global = true, value_name = "PATH", help_heading = "Where", display_order = 101)]
    pub(crate) env_file: Option<PathBuf>,

    /// The application's name, as its vault has it
    #[arg(long, global = true, value_name = "NAME", help_heading = "Where", display_order = 102)]
    pub(crate) application: Option<String>,

    /// The scope (tenant) whose keys are meant. Unless given, those that have none
    #[arg(long, global = true, value_name = "SCOPE", help_heading = "Where", display_order = 103)]
    pub(crate) scope: Option<String>,

    #[command(flatten)]
    pub(crate) root_keys: RootKeyOptions,

    /// Print one JSON document instead of text
    #[arg(long, global = true, help_heading = "How", display_order = 120)]
    pub(crate) json: bool,

    /// Do what cannot be undone without asking
    #[arg(long, short, global = true, help_heading = "How", display_order = 121)]
    pub(crate) yes: bool,
}

/// Root keys by option. Any of these stands in for all variables of root keys.
#[derive(Args, Debug, Default)]
pub(crate) struct RootKeyOptions {
    /// The root key, in a file of mode 0600 as ENCRYPTION_KEY_FILE names one
    #[arg(long, global = true, value_name = "PATH", help_heading = "Root keys", display_order = 110)]
    pub(crate) root_key_file: Option<PathBuf>,

    /// The root keys, in a folder of mode 0700 as ENCRYPTION_FIELD_KEY_PATH names one
    #[arg(long, global = true, value_name = "PATH", help_heading = "Root keys", display_order = 111)]
    pub(crate) root_key_folder: Option<PathBuf>,

    /// The root key that wraps, of several: as ENC_KEY_ACTIVE
    #[arg(long, global = true, value_name = "ID", help_heading = "Root keys", display_order = 112)]
    pub(crate) root_key_active: Option<String>,

    /// The passphrase, in a file of mode 0600 as ENCRYPTION_PASSPHRASE_FILE names one
    #[arg(long, global = true, value_name = "PATH", help_heading = "Root keys", display_order = 113)]
    pub(crate) root_passphrase_file: Option<PathBuf>,

    /// The file that keeps the passphrase's salt, as ENCRYPTION_PASSPHRASE_PARAMETERS names one
    #[arg(long, global = true, value_name = "PATH", help_heading = "Root keys", display_order = 114)]
    pub(crate) root_passphrase_parameters: Option<PathBuf>,
}
