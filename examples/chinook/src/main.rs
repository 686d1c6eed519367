//! The Chinook sample database with its customers and employees encrypted:
//! `cargo run -p chinook -- PATH/Chinook_Sqlite.sql` in memory, so that nothing is written to disk, and
//! `cargo run -p chinook -- --database-url postgres://HOST/NAME PATH/Chinook_PostgreSql.sql`, or `mysql://HOST/NAME` with
//! `Chinook_MySql.sql`, on a server.
//!
//! Every answer is held against what the same question asked of the plaintext tables gives; a difference ends the program
//! with an error.

#![allow(unreachable_pub, reason = "models are public, as in an application with modules")]

mod address;
mod database;
mod encrypt;
mod leftovers;
mod model;
mod plain;
mod print;
mod questions;
mod schema;
mod script;
mod server;
mod statements;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use diesel::prelude::*;
// Nothing of it is called: it builds SQLite into the program.
use libsqlite3_sys as _;

use address::{Address, Server};
use database::{Database, Mysql, Postgres};
use print::{entry, heading, say};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Encrypts customers and employees of the Chinook sample database, and asks about them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The script: Chinook_Sqlite.sql or, with --database-url, that of the server's kind, from
    /// https://github.com/lerocha/chinook-database/releases
    #[allow(rustdoc::bare_urls, reason = "it is the help that the program prints")]
    script: PathBuf,

    /// An empty database on a server, postgres://USER@HOST/NAME or mysql://USER@HOST/NAME. It is made if there is none.
    /// Unless given, the database is SQLite's, in memory
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,

    /// Drop what an earlier run left in that database. A database with other tables is never touched
    #[arg(long, requires = "database_url")]
    replace: bool,

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
    let Some(url) = &arguments.database_url else {
        return tour(&mut SqliteConnection::establish(":memory:")?, "in memory", arguments);
    };
    // The drivers of the servers need it around them.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _entered = runtime.enter();
    let address = Address::parse(url)?;
    let place = format!("in the database {}", address.name);
    match address.server {
        Server::Postgres => tour(&mut server::open::<Postgres>(&address, arguments.replace)?, &place, arguments),
        Server::Mysql => tour(&mut server::open::<Mysql>(&address, arguments.replace)?, &place, arguments),
    }
}

/// Builds the database, encrypts it and asks.
fn tour<D: Database>(database: &mut D, place: &str, arguments: &Arguments) -> Result<()> {
    let left_out = script::build(database, &arguments.script)?;
    let plain =
        database.load_plain().map_err(|error| script::unexpected::<D>(&arguments.script, &error.to_string()))?;
    heading("The database");
    entry("script", &arguments.script.display().to_string());
    if !left_out.is_empty() {
        entry("left out", &format!("{}, since the URL names the database", left_out.join(", ")));
    }
    let (customers, employees, invoices) = (plain.customers.len(), plain.employees.len(), plain.invoices.len());
    entry("built", &format!("{place}: {customers} customers, {employees} employees, {invoices} invoices"));

    encrypt::copy(database, &plain)?;
    entry("encrypted", &format!("{customers} customers, {employees} employees"));
    say(
        "Email and phone are sealed with blind indexes, so that they can be searched. The address is sealed, bound to its \
         row, and opened when it is asked for. Names stay readable, because the model does not encrypt them.",
    );

    let subject = plain.subject()?;
    let email = arguments.email.clone().unwrap_or_else(|| subject.email.to_uppercase());
    let phone = arguments.phone.clone().or_else(|| subject.phone.as_deref().map(questions::spelled_otherwise));

    questions::by_email(database, &plain, &email)?;
    if let Some(phone) = phone {
        questions::by_phone(database, &plain, &phone)?;
    }
    questions::by_domain(database, &plain)?;
    questions::invoices(database, &plain, &email)?;
    leftovers::show(database, &plain)?;
    Ok(())
}
