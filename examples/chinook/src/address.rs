//! The address of a database on a server: `postgres://user@host/name` or `mysql://user@host/name`.

use crate::Result;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
}

/// An address, in parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'u> {
    pub(crate) url: &'u str,
    pub(crate) server: Server,
    /// Scheme, user, host and port.
    before_name: &'u str,
    /// The database. Letters, digits, `_` and `-`, so that it can stand in quotes in a statement.
    pub(crate) name: &'u str,
    /// What follows a question mark, with it.
    query: &'u str,
}

impl<'u> Address<'u> {
    pub(crate) fn parse(url: &'u str) -> Result<Self> {
        let server = match url.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Server::Postgres,
            Some(("mysql", _)) => Server::Mysql,
            _ => return Err("a database URL begins with postgres:// or mysql://".into()),
        };
        let (address, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let authority = address.split_once("://").map_or(address, |(_, authority)| authority);
        let name = authority.split_once('/').map_or("", |(_, name)| name);
        if name.is_empty() {
            return Err("the database URL names no database: it ends with /NAME".into());
        }
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
            return Err("the name of the database has to be of letters, digits, `_` and `-`".into());
        }
        let before_name = address.strip_suffix(name).unwrap_or(address);
        Ok(Self { url, server, before_name, name, query })
    }

    /// The same server, another database.
    pub(crate) fn with_name(&self, name: &str) -> String {
        format!("{}{name}{}", self.before_name, self.query)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

    use super::*;

    #[test]
    fn an_address_has_a_server_and_a_database() {
        let address = Address::parse("postgresql://ada:p%2Fw@[::1]:5432/chinook?connect_timeout=5").unwrap();
        assert_eq!((address.server, address.name), (Server::Postgres, "chinook"));
        assert_eq!(address.with_name("postgres"), "postgresql://ada:p%2Fw@[::1]:5432/postgres?connect_timeout=5");
        let address = Address::parse("mysql://root@localhost/localhost").unwrap();
        assert_eq!((address.server, address.name), (Server::Mysql, "localhost"));
        assert_eq!(address.with_name(""), "mysql://root@localhost/");
    }

    #[test]
    fn an_address_that_names_no_database_of_ours_is_refused() {
        for (url, expected) in [
            ("sqlite://x", "begins with postgres:// or mysql://"),
            ("chinook.db", "begins with postgres:// or mysql://"),
            ("mysql://root@localhost", "names no database"),
            ("postgres://localhost/?user=x", "names no database"),
            ("postgres://localhost/a`b", "of letters, digits, `_` and `-`"),
            ("postgres://localhost/a/b", "of letters, digits, `_` and `-`"),
        ] {
            let error = Address::parse(url).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
