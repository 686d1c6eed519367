//! A database of its own on a server, which is dropped in the end.

use diesel::prelude::*;

use crate::{measure::Failure, reference};

/// A kind of server.
pub(crate) trait Server: Connection + 'static {
    /// The variable with its address.
    const VARIABLE: &str;
    /// The address that is tried without.
    const LOCAL: &str;
    /// What an unwanted database is dropped by.
    const FORCE: &str;
    /// What a server would do by itself after a while with tables that were just filled.
    const SETTLE: &str;
}

impl Server for PgConnection {
    const VARIABLE: &str = "PG_DATABASE_URL";
    const LOCAL: &str = "postgres://127.0.0.1:5432/postgres";
    const FORCE: &str = " WITH (FORCE)";
    const SETTLE: &str = "VACUUM ANALYZE";
}

impl Server for MysqlConnection {
    const VARIABLE: &str = "MYSQL_DATABASE_URL";
    const LOCAL: &str = "mysql://root@127.0.0.1:3306/mysql";
    const FORCE: &str = "";
    const SETTLE: &str = "DO 0";
}

/// The database.
pub(crate) struct Scratch<C: Server> {
    connection: C,
    url: String,
    name: String,
}

impl<C: Server> Scratch<C> {
    /// Makes it.
    ///
    /// # Errors
    /// Why there is no server, for people.
    pub(crate) fn new() -> Result<Self, Failure> {
        let url = std::env::var(C::VARIABLE).unwrap_or_else(|_| C::LOCAL.to_owned());
        let mut connection = C::establish(&url)?;
        let random = u64::from_be_bytes(reference::random());
        let name = format!("encrypted_bench_{random:016x}");
        connection.batch_execute(&format!("CREATE DATABASE {name}"))?;
        Ok(Self { connection, url, name })
    }

    /// Another connection to it.
    pub(crate) fn connect(&self) -> Result<C, Failure> {
        let (address, query) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let server_at = address.find("://").map_or(0, |at| at + 3);
        let path_at =
            address.get(server_at..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| server_at + at);
        let server = address.get(..path_at).unwrap_or(address);
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        Ok(C::establish(&format!("{server}/{}{query}", self.name))?)
    }
}

impl<C: Server> Drop for Scratch<C> {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {}{}", self.name, C::FORCE);
        if let Err(error) = self.connection.batch_execute(&statement) {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "bench: the database {} could not be dropped: {error}", self.name);
        }
    }
}
