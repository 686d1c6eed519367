//! Databases on a server, one for each test, which are gone when the test is.
//!
//! The servers are named by `PG_DATABASE_URL` and `MYSQL_DATABASE_URL`, else local ones are tried. The user that they name
//! must be allowed to create databases and users. `bin/test` finds or starts them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that finds no server fails")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use diesel::prelude::*;

pub use crate::scratch::Scratch;

/// What the names of all databases of a run begin with. `bin/test` gives each run a name.
fn prefix(run: Option<&str>) -> String {
    format!("encrypted_test_{}", run.map_or(String::new(), |run| format!("{run}_")))
}

/// A name that no other test has, on this machine or another.
fn name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let random = diesel_encrypted::keys::Secret::generate().unwrap();
    let random: String = random.expose_bytes().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let run = std::env::var("ENCRYPTED_TEST_RUN").ok();
    format!("{}{}_{random}", prefix(run.as_deref()), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Drops the databases of `run`, of tests that were killed, and names them.
pub fn drop_left_behind(run: &str) -> Vec<String> {
    let mut dropped = Vec::new();
    #[cfg(feature = "postgres")]
    dropped.extend(postgres::drop_left_behind(&prefix(Some(run))));
    #[cfg(feature = "mysql")]
    dropped.extend(mysql::drop_left_behind(&prefix(Some(run))));
    dropped
}

/// Connects to a server of the kind that `variable` names, and stops the test with advice where that fails.
fn connect<C: Connection>(variable: &str, url: &str, reached: &Result<(), String>) -> C {
    let connection = match reached {
        Ok(()) => C::establish(url).map_err(|error| error.to_string()),
        Err(error) => Err(error.clone()),
    };
    connection.unwrap_or_else(|error| {
        panic!(
            "no server at {}: {error}. Set {variable} to the URL of one whose user may create databases, or run \
             `bin/test`, which finds or starts one",
            without_password(url)
        )
    })
}

/// Whether a server answers there to `hello`. Asked once, and for ten seconds at most: the client libraries wait for
/// minutes, or for ever.
fn reach(url: &str, default_port: u16, hello: &[u8]) -> Result<(), String> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let Some(address) = tcp_address(url, default_port) else { return Ok(()) };
    let answers = |address: SocketAddr| {
        let mut server = TcpStream::connect_timeout(&address, PATIENCE)?;
        server.set_read_timeout(Some(PATIENCE))?;
        server.write_all(hello)?;
        server.read_exact(&mut [0])
    };
    let mut refused = "no such host".to_owned();
    for address in address.to_socket_addrs().map_err(|error| error.to_string())? {
        match answers(address) {
            Ok(()) => return Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                refused = "no answer within ten seconds".to_owned();
            }
            Err(error) => refused = error.to_string(),
        }
    }
    Err(refused)
}

/// Host and port, unless the server is reached through a socket.
fn tcp_address(url: &str, default_port: u16) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let by_socket = host.is_empty() || host.starts_with("%2F") || host.starts_with("%2f") || rest.contains("socket=");
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    match host {
        _ if by_socket => None,
        host if has_port => Some(host.to_owned()),
        host => Some(format!("{host}:{default_port}")),
    }
}

/// A URL that can be printed.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "an address that is no URL".to_owned() };
    match rest.rsplit_once('@') {
        Some((user, rest)) => format!("{scheme}://{}@{rest}", user.split(':').next().unwrap_or_default()),
        None => url.to_owned(),
    }
}

/// The same server, another database.
fn with_database(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, String::new()), |(url, query)| (url, format!("?{query}")));
    let server_at = address.find("://").map_or(0, |at| at + 3);
    let server = address.get(server_at..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| server_at + at);
    format!("{}/{name}{query}", address.get(..server).unwrap_or(address))
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::*;

    /// The server's address, with a database that can be connected to.
    pub fn postgres_url() -> String {
        std::env::var("PG_DATABASE_URL").unwrap_or_else(|_| "postgres://127.0.0.1:5432/postgres".to_owned())
    }

    fn server() -> PgConnection {
        // SSLRequest, which every server answers with a byte.
        const HELLO: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
        static REACHED: LazyLock<Result<(), String>> = LazyLock::new(|| reach(&postgres_url(), 5432, &HELLO));
        connect("PG_DATABASE_URL", &postgres_url(), &REACHED)
    }

    fn drop_database(name: &str) {
        diesel::sql_query(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).execute(&mut server()).unwrap();
    }

    pub(super) fn drop_left_behind(prefix: &str) -> Vec<String> {
        let all = diesel::dsl::sql::<diesel::sql_types::Text>("SELECT datname::text FROM pg_database");
        let left = all.load::<String>(&mut server()).unwrap().into_iter().filter(|name| name.starts_with(prefix));
        left.inspect(|name| drop_database(name)).collect()
    }

    /// A fresh, empty database on PostgreSQL.
    pub fn postgres() -> Scratch<PgConnection> {
        let name = name();
        diesel::sql_query(format!("CREATE DATABASE {name} TEMPLATE template0")).execute(&mut server()).unwrap();
        let url = with_database(&postgres_url(), &name);
        Scratch::new(url, move || drop_database(&name))
    }
}

#[cfg(feature = "mysql")]
mod mysql {
    use super::*;

    /// The server's address.
    pub fn mysql_url() -> String {
        std::env::var("MYSQL_DATABASE_URL").unwrap_or_else(|_| "mysql://root@127.0.0.1:3306/mysql".to_owned())
    }

    fn server() -> MysqlConnection {
        // The server speaks first.
        static REACHED: LazyLock<Result<(), String>> = LazyLock::new(|| reach(&mysql_url(), 3306, &[]));
        connect("MYSQL_DATABASE_URL", &mysql_url(), &REACHED)
    }

    fn drop_database(name: &str) {
        diesel::sql_query(format!("DROP DATABASE IF EXISTS {name}")).execute(&mut server()).unwrap();
    }

    pub(super) fn drop_left_behind(prefix: &str) -> Vec<String> {
        let all = diesel::dsl::sql::<diesel::sql_types::Text>("SELECT schema_name FROM information_schema.schemata");
        let left = all.load::<String>(&mut server()).unwrap().into_iter().filter(|name| name.starts_with(prefix));
        left.inspect(|name| drop_database(name)).collect()
    }

    /// A fresh, empty database on MySQL or MariaDB.
    pub fn mysql() -> Scratch<MysqlConnection> {
        let name = name();
        diesel::sql_query(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).execute(&mut server()).unwrap();
        let url = with_database(&mysql_url(), &name);
        Scratch::new(url, move || drop_database(&name))
    }
}

#[cfg(feature = "mysql")]
pub use mysql::{mysql, mysql_url};
#[cfg(feature = "postgres")]
pub use postgres::{postgres, postgres_url};

#[cfg(test)]
mod tests {
    use super::{tcp_address, with_database, without_password};

    #[test]
    fn the_parts_of_an_address_are_found() {
        for (url, address, printed) in [
            ("postgres://127.0.0.1:5433/postgres", Some("127.0.0.1:5433"), "postgres://127.0.0.1:5433/postgres"),
            ("mysql://root:p:w@db/mysql?ssl=1", Some("db:1"), "mysql://root@db/mysql?ssl=1"),
            ("postgres://u@[::1]/postgres", Some("[::1]:1"), "postgres://u@[::1]/postgres"),
            ("postgres://u@%2Frun%2Fpg/postgres", None, "postgres://u@%2Frun%2Fpg/postgres"),
            ("postgres:///postgres?host=/run/pg", None, "postgres:///postgres?host=/run/pg"),
        ] {
            assert_eq!(tcp_address(url, 1).as_deref(), address);
            assert_eq!(without_password(url), printed);
        }
        assert_eq!(with_database("mysql://a:b@c:1/mysql?d=e", "new"), "mysql://a:b@c:1/new?d=e");
        assert_eq!(with_database("postgres://u@%2Frun%2Fpg/postgres", "new"), "postgres://u@%2Frun%2Fpg/new");
    }
}
