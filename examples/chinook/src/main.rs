//! The Chinook sample database with its customers and employees encrypted:
//! `cargo run -p chinook -- PATH/Chinook_Sqlite.sql`.
//!
//! Every answer is held against what the same question asked of the plaintext tables gives; a difference ends the program
//! with an error. Everything happens in memory, and nothing is written to disk.

#![allow(unreachable_pub, reason = "models are public, as in an application with modules")]

mod encrypt;
mod leftovers;
mod model;
mod plain;
mod print;
mod questions;
mod schema;
mod script;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use diesel::prelude::*;
// Nothing of it is called: it builds SQLite into the program.
use libsqlite3_sys as _;

use print::{entry, heading, say};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Encrypts customers and employees of the Chinook sample database, and asks about them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The script Chinook_Sqlite.sql, from https://github.com/lerocha/chinook-database/releases
    #[allow(rustdoc::bare_urls, reason = "it is the help that the program prints")]
    script: PathBuf,

    /// The customer to look for, in any case. Unless given, the first one who bought something
    #[arg(long)]
    email: Option<String>,

    /// The phone number to look for, in any spelling. Unless given, that of the same customer
    #[arg(long)]
    phone: Option<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _reader_left = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let mut connection = SqliteConnection::establish(":memory:")?;
    let connection = &mut connection;

    script::build(connection, &arguments.script)?;
    let tables = plain::count(connection).map_err(|error| script::unexpected(&arguments.script, &error))?;
    heading("The database");
    entry("script", &arguments.script.display().to_string());
    entry("built", &format!("in memory: {tables}"));

    let copied = encrypt::copy(connection)?;
    entry("encrypted", &format!("{} customers, {} employees", copied.customers, copied.employees));
    say(
        "Email and phone are sealed with blind indexes, so that they can be searched. The address is sealed, bound to its \
         row, and opened when it is asked for. Names stay readable, because the model does not encrypt them.",
    );

    let subject = plain::subject(connection)?;
    let email = arguments.email.clone().unwrap_or_else(|| subject.email.to_uppercase());
    let phone = arguments.phone.clone().or_else(|| subject.phone.as_deref().map(questions::spelled_otherwise));

    questions::by_email(connection, &email)?;
    if let Some(phone) = phone {
        questions::by_phone(connection, &phone)?;
    }
    questions::by_domain(connection)?;
    questions::invoices(connection, &email)?;
    leftovers::show(connection)?;
    Ok(())
}
