//! A notebook of several users on SQLite, whose notes nobody reads but those whom they are for: `cargo run -p notes -- help`.
//!
//! The application's part is in [`notebook`], what a user does in [`people`], [`notes`] and [`sharing`], and what someone does
//! who has taken the whole machine in [`attack`].

#![allow(unreachable_pub, reason = "modules, as in an application")]

mod attack;
mod model;
mod notebook;
mod notes;
mod people;
mod sharing;
mod terminal;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
// Nothing of it is called: it builds SQLite into the program.
use libsqlite3_sys as _;

use notebook::Notebook;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A notebook of several users, whose notes nobody reads but them.
#[derive(Parser)]
#[command(name = "notes")]
struct Arguments {
    /// The folder with the database and, in this example, the root key.
    #[arg(long, default_value = "notes-data")]
    folder: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes an account, and shows its recovery codes.
    SignUp {
        name: String,
        /// Lets the application open the account by itself.
        #[arg(long)]
        escrow: bool,
    },
    /// Writes a note.
    Write {
        name: String,
        title: String,
        text: String,
        /// For a group, and not for oneself alone.
        #[arg(long)]
        group: Option<String>,
    },
    /// Shows all that one can read.
    Read { name: String },
    /// Finds notes by their title.
    Search { name: String, title: String },
    /// Shares a note with a person.
    Share { name: String, note: i32, with: String },
    /// Brings a person into a group.
    Invite { name: String, group: String, with: String },
    /// Takes a person out of a group.
    Remove { name: String, group: String, who: String },
    /// Changes a password.
    Passwd { name: String },
    /// Gives a new password for a recovery code.
    Recover { name: String },
    /// Erases an account.
    Erase { name: String },
    /// Lists all notes, with nobody signed in.
    List,
    /// Tries to read what is there, with everything but the users' secrets.
    Attack,
}

fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    let book = &mut Notebook::open(&arguments.folder)?;
    match &arguments.command {
        Command::SignUp { name, escrow } => people::sign_up(book, name, *escrow, out)?,
        Command::Write { name, title, text, group } => notes::write(book, name, (title, text), group.as_deref(), out)?,
        Command::Read { name } => notes::read(book, name, out)?,
        Command::Search { name, title } => notes::search(book, name, title, out)?,
        Command::Share { name, note, with } => sharing::share(book, name, *note, with, out)?,
        Command::Invite { name, group, with } => sharing::invite(book, name, group, with, out)?,
        Command::Remove { name, group, who } => sharing::remove(book, name, group, who, out)?,
        Command::Passwd { name } => people::change_password(book, name, out)?,
        Command::Recover { name } => people::recover(book, name, out)?,
        Command::Erase { name } => people::erase(book, name, out)?,
        Command::List => notes::list(book, out)?,
        Command::Attack => return attack::run(book, out),
    }
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    match run(&Arguments::parse(), &mut io::stdout()) {
        Ok(code) => code,
        Err(error) => {
            let _reader_left = writeln!(io::stderr(), "notes: {error}");
            ExitCode::from(2)
        }
    }
}
