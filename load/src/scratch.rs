//! A database of its own on the server, with the tables, which is dropped in the end.

use std::time::{Duration, Instant};

use diesel_encrypted::sql::{self, Dialect};
use tokio::runtime::Runtime;

use crate::Result;
use crate::address::{Address, Server};
use crate::driver::Driver;
use crate::model::{Call, Contact};
use crate::random;

/// What every connection says first: no statement may wait longer for another than this.
const SESSION: [&str; 2] =
    ["SET statement_timeout = '60s'; SET lock_timeout = '10s'", "SET SESSION innodb_lock_wait_timeout = 10"];

/// How long a server is tried that does not let anyone in.
const PATIENCE: Duration = Duration::from_secs(10);

/// The database. It is dropped with this, or by [`drop_database`](Self::drop_database).
#[derive(Debug)]
pub(crate) struct Scratch<'a> {
    address: &'a Address<'a>,
    name: String,
    /// The drivers of diesel-async need it around them. A connection keeps what it found when it was made.
    runtime: Runtime,
    drop_database: fn(&str, &str) -> Result<()>,
}

impl<'a> Scratch<'a> {
    /// Makes it, and the tables in it with the indexes and guards of their models.
    pub(crate) fn make<D: Driver>(address: &'a Address<'a>) -> Result<Self> {
        let name = name()?;
        let made = format!("CREATE DATABASE {name} {}", D::words("TEMPLATE template0", "CHARACTER SET utf8mb4"));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let entered = runtime.enter();
        D::establish(address.url)?.batch_execute(&made)?;
        drop(entered);
        let scratch = Self { address, name, runtime, drop_database: drop_database::<D> };

        let binary = D::words("bytea", "varbinary(400)");
        let text = D::words("text", "varchar(700) CHARACTER SET ascii COLLATE ascii_bin");
        let dialect = match D::SERVER {
            Server::Postgres => Dialect::Postgres,
            Server::Mysql => Dialect::Mysql,
        };
        let mut connection = scratch.connect::<D>()?;
        connection.batch_execute(&format!(
            "CREATE TABLE contacts (id integer PRIMARY KEY, version integer NOT NULL, moves integer NOT NULL, \
             email {binary} NOT NULL, phone {binary}, note {text} NOT NULL)"
        ))?;
        connection.batch_execute(&format!("CREATE TABLE calls (id integer PRIMARY KEY, caller {binary} NOT NULL)"))?;
        connection.batch_execute(&sql::of::<Contact>(dialect).unique("email", "default").up()?)?;
        connection.batch_execute(&sql::of::<Call>(dialect).unique("caller", "default").up()?)?;
        Ok(scratch)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Another connection to it. A server whose connections are being killed may refuse one, and is tried again.
    pub(crate) fn connect<D: Driver>(&self) -> Result<D> {
        let _entered = self.runtime.enter();
        let began = Instant::now();
        let [postgres, mysql] = SESSION;
        loop {
            let connected = D::establish(&self.address.with_database(&self.name)).map_err(|error| error.to_string());
            let ready = connected.and_then(|mut connection| {
                connection.batch_execute(D::words(postgres, mysql)).map_err(|error| error.to_string())?;
                Ok(connection)
            });
            match ready {
                Ok(connection) => return Ok(connection),
                Err(error) if began.elapsed() > PATIENCE => return Err(error.into()),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Drops it now.
    pub(crate) fn drop_database(&self) -> Result<()> {
        let _entered = self.runtime.enter();
        (self.drop_database)(self.address.url, &self.name)
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.drop_database() {
            crate::tell(&format!("the database {} could not be dropped: {error}", self.name));
        }
    }
}

/// Another name each time. `bin/test` names its runs, and drops what a test left that was killed.
fn name() -> Result<String> {
    let run = std::env::var("ENCRYPTED_TEST_RUN").map_or(String::new(), |run| format!("test_{run}_"));
    Ok(format!("encrypted_{run}load_{:016x}", random::seed()?))
}

fn drop_database<D: Driver>(url: &str, name: &str) -> Result<()> {
    let force = D::words(" WITH (FORCE)", "");
    Ok(D::establish(url)?.batch_execute(&format!("DROP DATABASE IF EXISTS {name}{force}"))?)
}
