//! The address of a server, which has to be on this machine.

use std::net::IpAddr;

use crate::Result;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
}

/// `scheme://[user[:password]@]host[:port]/database[?parameters]`, in parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'u> {
    pub(crate) url: &'u str,
    pub(crate) server: Server,
    /// Everything before the database.
    before: &'u str,
    /// A question mark and what follows it, if anything does.
    parameters: &'u str,
}

impl<'u> Address<'u> {
    /// Takes `url` apart. Whatever a client library might read as the address of another machine is refused.
    pub(crate) fn parse(url: &'u str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").ok_or("a database URL begins with postgres:// or mysql://")?;
        let server = match scheme {
            "postgres" | "postgresql" => Server::Postgres,
            "mysql" => Server::Mysql,
            _ => return Err("a database URL begins with postgres:// or mysql://".into()),
        };
        let (rest, parameters) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let (authority, database) = rest.split_once('/').ok_or("the database URL names no database")?;
        if database.is_empty() || !database.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
            return Err("the database URL has to name a database, of letters, digits, `_` and `-`".into());
        }
        let mut by_socket = false;
        for parameter in parameters.split(['?', '&']).filter(|parameter| !parameter.is_empty()) {
            match (server, parameter.split_once('=').unwrap_or((parameter, ""))) {
                (Server::Postgres, ("host", path)) | (Server::Mysql, ("unix_socket", path)) if is_path(path) => {
                    by_socket = true;
                }
                (Server::Postgres, ("sslmode" | "connect_timeout", _)) => {}
                (_, (name, _)) => {
                    return Err(format!(
                        "the parameter {name} could name another machine: load is for servers of this machine"
                    )
                    .into());
                }
            }
        }
        let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let is_here = match server {
            Server::Postgres if host_and_port.is_empty() => by_socket,
            Server::Postgres => is_path(host_and_port) || is_this_machine(host_and_port),
            Server::Mysql => is_this_machine(host_and_port),
        };
        if !is_here {
            return Err(format!(
                "`{host_and_port}` is not 127.0.0.1, [::1], localhost or a socket: load is for servers of this machine"
            )
            .into());
        }
        let before = url.split_at(url.len() - parameters.len() - database.len()).0;
        Ok(Self { url, server, before, parameters })
    }

    /// The same server, another database.
    pub(crate) fn with_database(&self, name: &str) -> String {
        format!("{}{name}{}", self.before, self.parameters)
    }
}

/// The folder of a socket, or a socket: one absolute path, perhaps percent-encoded.
fn is_path(text: &str) -> bool {
    ["/", "%2F", "%2f"].iter().any(|slash| text.starts_with(slash))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/%._-".contains(c))
        // A comma, which would stand between two hosts.
        && !text.to_ascii_lowercase().contains("%2c")
}

fn is_this_machine(host_and_port: &str) -> bool {
    let (host, port) = match host_and_port.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port),
        None => host_and_port.split_at(host_and_port.find(':').unwrap_or(host_and_port.len())),
    };
    let port_is_one = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let host_is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    port_is_one && host_is_here
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

    use super::*;

    #[test]
    fn a_server_of_this_machine_is_taken() {
        for (url, other) in [
            ("postgres://127.0.0.1:5432/postgres", "postgres://127.0.0.1:5432/other"),
            ("postgresql://ada:p%40w@localhost/a-b_c", "postgresql://ada:p%40w@localhost/other"),
            ("mysql://root@[::1]:3306/mysql", "mysql://root@[::1]:3306/other"),
            ("mysql://root@127.9.9.9/mysql", "mysql://root@127.9.9.9/other"),
            ("postgres://ada@%2Frun%2Fpostgresql/postgres", "postgres://ada@%2Frun%2Fpostgresql/other"),
            ("postgres:///x?host=/tmp/a.b&sslmode=disable", "postgres:///other?host=/tmp/a.b&sslmode=disable"),
            ("mysql://root@localhost/x?unix_socket=/tmp/x", "mysql://root@localhost/other?unix_socket=/tmp/x"),
        ] {
            assert_eq!(Address::parse(url).unwrap().with_database("other"), other);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for (url, expected) in [
            ("sqlite://x/y", "begins with"),
            ("clinic.db", "begins with"),
            ("postgres://localhost", "names no database"),
            ("postgres://localhost/", "has to name a database"),
            ("postgres://localhost/a/b", "has to name a database"),
            ("postgres://localhost/x?host=example.org", "the parameter host could"),
            ("postgres://localhost/x?host=/tmp,example.org", "the parameter host could"),
            ("postgres://localhost/x?host=/tmp%2cexample.org", "the parameter host could"),
            ("postgres://localhost/x?sslmode=disable&hostaddr=192.0.2.1", "the parameter hostaddr could"),
            ("postgres://localhost/x?service=other", "the parameter service could"),
            ("mysql://localhost/x?host=/tmp", "the parameter host could"),
            ("postgres:///x", "`` is not 127.0.0.1"),
            ("postgres://ada@/x?sslmode=disable", "`` is not 127.0.0.1"),
            ("postgres://%2Ftmp,example.org/x", "is not 127.0.0.1"),
            ("mysql://root@%2Ftmp%2Fmysql.sock/x", "is not 127.0.0.1"),
            ("postgres://example.org/x", "example.org` is not"),
            ("postgres://localhost@example.org/x", "example.org` is not"),
            ("postgres://localhost,example.org/x", "is not 127.0.0.1"),
            ("postgres://localhost:1,example.org:2/x", "is not 127.0.0.1"),
            ("postgres://10.0.0.1/x", "10.0.0.1` is not"),
            ("mysql://[2001:db8::1]:3306/x", "is not 127.0.0.1"),
            ("mysql://127.0.0.1.example.org/x", "is not 127.0.0.1"),
            ("mysql://%6cocalhost/x", "is not 127.0.0.1"),
        ] {
            let error = Address::parse(url).unwrap_err().to_string();
            assert!(error.contains(expected), "{url}: {error}");
        }
    }
}
