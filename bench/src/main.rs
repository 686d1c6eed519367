//! Measures what encryption costs: ours against a reference, in turn, in one run. See docs/performance.md.
//!
//! It must never compare a time with one of another run, and never leave out a row that misses its target.

mod accounts;
mod allocations;
mod clinic;
mod floor;
#[cfg(feature = "servers")]
mod maintenance;
mod measure;
mod reference;
mod report;
mod rival;
#[cfg(feature = "servers")]
mod server;
#[cfg(feature = "servers")]
mod servers;
mod tables;
mod values;
mod work;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use measure::{Effort, Failure};
use reference::Engine;
use report::{Found, Target};

const USAGE: &str = "usage: bench [--check] [--quick] [--rows COUNT] [--filter NAME]

  --check        exits with 1 if a row misses a target that is above its floor
  --quick        fewer rounds and smaller tables, for a first look
  --rows COUNT   rows of the tables that are maintained: 100,000 unless given
  --filter NAME  only the rows whose name contains NAME";

/// A row: its name, and how it is measured.
type Row = (String, fn(Effort) -> Result<Found, Failure>);

fn rows() -> Vec<Row> {
    let engine = Engine::NAME;
    let mut rows: Vec<Row> = vec![
        (format!("seal + open, 64 B, vs raw {engine}"), |effort| {
            Ok(Found::Times(values::seal_and_open(effort, 64)?, Target::AtMost(1.15)))
        }),
        (format!("seal + open, 16 KiB, vs raw {engine}"), |effort| {
            Ok(Found::Times(values::seal_and_open(effort, 16 * 1024)?, Target::AtMost(1.15)))
        }),
        ("seal + open, 64 B, vs encrypted-message".to_owned(), |effort| {
            Ok(Found::Times(values::against_encrypted_message(effort)?, Target::Faster(6.0)))
        }),
        ("blind index of 24 B, vs raw HMAC-SHA256".to_owned(), |effort| {
            Ok(Found::Times(values::blind_index(effort)?, Target::AtMost(1.25)))
        }),
        ("insert rows, SQLite file, vs in the clear".to_owned(), |effort| {
            Ok(Found::Times(tables::insert(effort)?, Target::AtMost(1.10)))
        }),
        ("load rows, SQLite in memory, vs in the clear".to_owned(), |effort| {
            Ok(Found::Times(tables::load(effort)?, Target::AtMost(2.0)))
        }),
        ("lookups by index, SQLite file, vs in the clear".to_owned(), |effort| {
            Ok(Found::Times(tables::lookup(effort)?, Target::AtMost(1.05)))
        }),
        ("a nonce, vs the generator alone".to_owned(), |effort| Ok(Found::Most(values::nonce(effort)?, 60.0))),
        ("unlock by a password, vs raw Argon2id".to_owned(), |effort| {
            Ok(Found::Times(accounts::unlock(effort)?, Target::AtMost(1.05)))
        }),
        ("open shared values, vs an ordinary field".to_owned(), |effort| {
            Ok(Found::Times(accounts::shared(effort)?, Target::AtMost(1.15)))
        }),
        ("add the 10,000th member, vs the 10th".to_owned(), |effort| {
            Ok(Found::Times(accounts::add_member(effort)?, Target::AtMost(1.10)))
        }),
        ("allocations of a seal, of an open".to_owned(), |_| {
            let (seal, open) = allocations::of_seal_and_open()?;
            Ok(Found::Counts(seal, open, 1))
        }),
    ];
    #[cfg(feature = "servers")]
    {
        rows.extend(servers::rows());
        rows.extend(maintenance::rows());
    }
    #[cfg(not(feature = "servers"))]
    rows.push(("PostgreSQL, MariaDB or MySQL".to_owned(), |_| {
        Ok(Found::Skipped("built without `--features servers`, which needs libpq and libmysqlclient".to_owned()))
    }));
    rows
}

/// What the command line asks for.
struct Options {
    check: bool,
    effort: Effort,
    filter: String,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut options = Self { check: false, effort: Effort::FULL, filter: String::new() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--check" => options.check = true,
                "--quick" => options.effort = Effort::QUICK,
                "--rows" => options.effort.maintained = arguments.next().ok_or(USAGE)?.parse()?,
                "--filter" => options.filter = arguments.next().ok_or(USAGE)?,
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }
}

fn run(options: &Options, out: &mut impl Write) -> Result<usize, Failure> {
    clinic::install_vault()?;
    writeln!(out, "{}", report::head())?;
    let (mut measured, mut missed) = (0, 0);
    for (name, measure) in rows().into_iter().filter(|(name, _)| name.contains(&options.filter)) {
        let found = measure(options.effort)?;
        writeln!(out, "{}", report::line(&name, &found))?;
        out.flush()?;
        measured += 1;
        missed += usize::from(found.verdict().fails());
    }
    if measured == 0 {
        return Err(format!("no row's name contains `{}`", options.filter).into());
    }
    Ok(missed)
}

fn main() -> ExitCode {
    let outcome = Options::parse(std::env::args().skip(1))
        .and_then(|options| Ok((options.check, run(&options, &mut io::stdout().lock())?)));
    match outcome {
        Ok((true, missed)) if missed > 0 => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "bench: {error}");
            ExitCode::from(2)
        }
    }
}
