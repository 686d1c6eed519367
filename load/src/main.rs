//! Loads one server with writers and readers while their connections are killed, and then reads everything:
//! `cargo run --release -p load -- --database-url postgres://HOST/NAME`, or `mysql://USER@HOST/NAME`.
//!
//! It must never talk to another machine, never run without an end, and never touch a database but the one it makes and
//! drops. Whatever does not open, is not found by its own value or is not what was written last ends it with an error, and
//! so does an error that an application could not act on.

mod address;
mod driver;
mod killer;
mod model;
mod random;
mod reader;
mod report;
mod run;
mod scratch;
mod session;
mod tally;
#[cfg(test)]
mod testing;
mod trouble;
mod verify;
mod writer;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use diesel::{MysqlConnection, PgConnection};

use address::{Address, Server};
use driver::{AsyncMysql, AsyncPostgres};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What speaks to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Client {
    /// Diesel's own connections, by libpq and the C client library of MySQL or MariaDB
    Diesel,
    /// Those of diesel-async, by its wrapper for synchronous use
    DieselAsync,
}

/// Writes and reads encrypted rows on a server of this machine, kills the connections, and reads everything again.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A server of this machine, postgres://USER@127.0.0.1/NAME or mysql://USER@127.0.0.1/NAME, or its socket. The
    /// database is only connected to, to make another one, which is dropped in the end
    #[arg(long, value_name = "URL")]
    database_url: String,

    /// How long writers and readers run
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,

    /// How many rows there are when they begin
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(i32).range(100..=1_000_000))]
    rows: i32,

    /// How many connections write
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    writers: u32,

    /// How many connections read
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    readers: u32,

    /// After how many milliseconds one connection is killed, and then the next. Halfway all of them are
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    kill_every: u64,

    /// After how many requests writers and readers stop, if the time is not up before
    #[arg(long, default_value_t = 5_000_000)]
    requests: u64,

    /// What speaks to the server
    #[arg(long, value_enum, default_value_t = Client::Diesel)]
    client: Client,

    /// Where the random choices begin. Unless given, it is another one each time, and printed
    #[arg(long)]
    seed: Option<u64>,
}

/// How much of everything.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    time: Duration,
    rows: i32,
    writers: u32,
    readers: u32,
    kill_every: Duration,
    requests: u64,
    seed: u64,
}

fn main() -> ExitCode {
    match start(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn tell(text: &str) {
    let _reader_left = writeln!(io::stderr(), "{text}");
}

fn start(arguments: &Arguments) -> Result<()> {
    let address = Address::parse(&arguments.database_url)?;
    let bounds = Bounds {
        time: Duration::from_secs(arguments.seconds),
        rows: arguments.rows,
        writers: arguments.writers,
        readers: arguments.readers,
        kill_every: Duration::from_millis(arguments.kill_every),
        requests: arguments.requests,
        seed: arguments.seed.map_or_else(random::seed, Ok)?,
    };
    match (address.server, arguments.client) {
        (Server::Postgres, Client::Diesel) => run::run::<PgConnection>(&address, bounds),
        (Server::Mysql, Client::Diesel) => run::run::<MysqlConnection>(&address, bounds),
        (Server::Postgres, Client::DieselAsync) => run::run::<AsyncPostgres>(&address, bounds),
        (Server::Mysql, Client::DieselAsync) => run::run::<AsyncMysql>(&address, bounds),
    }
}
