//! One program on PostgreSQL, MySQL, MariaDB and SQLite: `cargo run -p multi -- --database-url URL`.
//!
//! Without an address it uses a SQLite file. The key is in a folder beside it, so that the example is complete: a real
//! application keeps the two apart.

#![allow(unreachable_pub, reason = "models are public, as in an application with modules")]

mod clinic;
mod connection;
mod model;
mod schema;
mod tables;

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use diesel_encrypted::prelude::*;
// Nothing of it is called: it builds SQLite into the program.
use libsqlite3_sys as _;

use connection::AnyConnection;
use model::{Patient, Visit};

const FOLDER: &str = "multi-data";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Stores patients, finds them, groups, joins and updates them, on any of four databases.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// postgres://.., mysql://.., or the path of a SQLite file; `:memory:` for none. Its tables are `patients`, `visits`
    /// and those of the keys: give it a database of its own
    #[arg(long, default_value = "multi-data/clinic.db")]
    database_url: String,

    /// The folder of the root key, which is made there if there is none
    #[arg(long, default_value = "multi-data/keys")]
    keys: PathBuf,
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
    if [Path::new(&arguments.database_url), &arguments.keys].iter().any(|path| path.starts_with(FOLDER)) {
        fs::create_dir_all(FOLDER)?;
    }
    let root_keys = RootKeys::from_folder(&arguments.keys)?;
    let conn = &mut AnyConnection::open(&arguments.database_url)?;
    tables::create(conn)?;
    Vault::builder(root_keys).application("multi").model::<Patient>().model::<Visit>().open(conn)?.install()?;
    entry("database", &format!("{:?}", conn.dialect()));

    entry("stored", &format!("{} rows that were not there yet", store(conn)?));
    let emails = ["ADA@example.org", "mary@example.net"];
    entry("blind_eq", &list(clinic::by_email(conn, emails[0])?));
    entry("blind_eq_any", &list(clinic::by_emails(conn, &emails)?));
    entry("strict column", &list(clinic::by_phone(conn, "(020) 7946-0342")?));
    entry("named index", &list(clinic::at_host(conn, "example.org")?));
    for (patient, count) in clinic::hosts(conn)? {
        entry("grouped", &format!("{count} at {}", model::host(patient.email.expose())));
    }
    for (patient, visit) in clinic::visits_by_patients(conn)? {
        entry("joined", &format!("{} came for {}", patient.name, visit.reason));
    }
    let there = clinic::move_to(conn, "mary@example.net", "mary@example.org")?;
    let back = clinic::move_to(conn, "MARY@example.org", "mary@example.net")?;
    entry("updated", &format!("{there} there, {back} back"));
    Ok(())
}

/// Stores what an earlier run has not. Returns how many rows.
fn store(conn: &mut AnyConnection) -> Result<usize> {
    let patients = [
        Patient::new(1, "Ada Lovelace", "Ada@Example.org", Some("020 7946 0018")),
        Patient::new(2, "Charles Babbage", "charles@example.org", Some("020 7946 0342")),
        Patient::new(3, "Mary Somerville", "mary@example.net", None),
    ];
    let visits = [Visit::new(1, "ada@EXAMPLE.ORG", "a vaccination"), Visit::new(2, "eve@example.com", "directions")];
    let mut stored = 0;
    for patient in &patients {
        if clinic::by_email(conn, patient.email.expose())?.is_none() {
            stored += clinic::add_patient(conn, patient)?;
        }
    }
    for visit in &visits {
        if clinic::visits_with(conn, visit.contact.expose())? == 0 {
            stored += clinic::add_visit(conn, visit)?;
        }
    }
    Ok(stored)
}

/// The patients by name and email. In an application, `expose()` is the one word to search for: here plaintext comes out.
fn list(patients: impl IntoIterator<Item = Patient>) -> String {
    let patients = patients.into_iter().map(|patient| format!("{} <{}>", patient.name, patient.email.expose()));
    patients.collect::<Vec<_>>().join(", ")
}

fn entry(name: &str, text: &str) {
    let _reader_left = writeln!(io::stdout(), "{name:<14} {text}");
}
