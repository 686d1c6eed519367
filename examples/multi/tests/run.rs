//! Runs the example as a reader does, twice on each database.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::path::Path;
use std::process::{Command, Output};

use diesel_encrypted_tests::server;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_multi")).args(arguments).current_dir(folder).output().unwrap()
}

/// What a run printed, with each run of white space as one space, so that the layout may change.
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    words(&output.stdout)
}

fn words(text: &[u8]) -> String {
    String::from_utf8_lossy(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Two runs with these arguments, the second of which finds what the first one stored.
#[track_caller]
fn runs_twice(database: &str, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    for stored in [5, 0] {
        let text = printed(&run(folder.path(), arguments));
        for expected in [
            &format!("database {database}"),
            &format!("stored {stored} rows that were not there yet"),
            "blind_eq Ada Lovelace <Ada@Example.org>",
            "blind_eq_any Ada Lovelace <Ada@Example.org>, Mary Somerville <mary@example.net>",
            "strict column Charles Babbage <charles@example.org>",
            "named index Ada Lovelace <Ada@Example.org>, Charles Babbage <charles@example.org> grouped",
            "grouped 2 at example.org grouped 1 at example.net joined",
            "joined Ada Lovelace came for a vaccination updated 1 there, 1 back",
        ] {
            assert!(text.contains(expected), "no `{expected}` in {text}");
        }
    }
}

#[test]
fn on_a_sqlite_file() {
    runs_twice("Sqlite", &[]);
}

#[test]
fn on_postgres() {
    let database = server::postgres();
    runs_twice("Postgres", &["--database-url", database.url()]);
}

#[test]
fn on_mysql() {
    let database = server::mysql();
    runs_twice("Mysql", &["--database-url", database.url()]);
}

#[test]
fn an_address_that_leads_nowhere_is_told_by_its_own_database() {
    let folder = tempfile::tempdir().unwrap();
    for (url, expected) in [
        ("postgres://127.0.0.1:1/clinic", "port 1 failed"),
        ("mysql://root@127.0.0.1:1/clinic", "Can't connect to"),
        ("no/such/folder/clinic.db", "unable to open"),
        ("oracle://127.0.0.1/clinic", "no database is called `oracle://`"),
    ] {
        let output = run(folder.path(), &["--database-url", url]);
        assert!(!output.status.success());
        let error = words(&output.stderr);
        assert!(error.to_lowercase().contains(&expected.to_lowercase()), "{url}: {error}");
    }
}
