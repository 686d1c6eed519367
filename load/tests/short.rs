//! A short run on each server, by each client, with connections killed.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::process::{Command, Output};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_encrypted_tests::server::{mysql_url, postgres_url};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_load")).args(arguments).output().unwrap()
}

/// Runs for three seconds, and returns the name of the database that was used; none if the server is another machine's.
fn short(url: &str, client: &str) -> Option<String> {
    let output =
        run(&["--database-url", url, "--client", client, "--seconds", "3", "--rows", "1000", "--kill-every", "100"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    if error.contains("for servers of this machine") {
        return None;
    }
    assert!(output.status.success(), "{text}{error}");
    for expected in ["connect again: ", "verdict    nothing unreadable, no tag out of step"] {
        assert!(text.contains(expected), "no `{expected}` in {text}");
    }
    text.split_whitespace().skip_while(|word| *word != "database").nth(1).map(str::to_owned)
}

#[test]
fn nothing_is_lost_on_postgresql() {
    for client in ["diesel", "diesel-async"] {
        let Some(database) = short(&postgres_url(), client) else { return };
        let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{database}'");
        let connection = &mut PgConnection::establish(&postgres_url()).unwrap();
        assert_eq!(sql::<BigInt>(&left).get_result::<i64>(connection), Ok(0), "{database} is dropped");
    }
}

#[test]
fn nothing_is_lost_on_mysql() {
    for client in ["diesel", "diesel-async"] {
        let Some(database) = short(&mysql_url(), client) else { return };
        let left = format!("SELECT count(*) FROM information_schema.schemata WHERE schema_name = '{database}'");
        let connection = &mut MysqlConnection::establish(&mysql_url()).unwrap();
        assert_eq!(sql::<BigInt>(&left).get_result::<i64>(connection), Ok(0), "{database} is dropped");
    }
}

#[test]
fn another_machine_is_never_talked_to() {
    for url in ["postgres://db.example.org/postgres", "mysql://root@192.0.2.1:3306/mysql"] {
        let output = run(&["--database-url", url]);
        assert!(!output.status.success());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains("load is for servers of this machine"), "{error}");
    }
}
