//! Releases of an application, each a process of its own.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

/// The rows of the table.
pub const ROWS: i64 = 3000;

/// A release at work.
pub struct Release(Child, BufReader<ChildStdout>);

#[derive(Debug, serde::Deserialize)]
pub struct Outcome {
    pub writes: u64,
    pub reads: u64,
    pub searches: u64,
    wrong: Vec<String>,
    versions: BTreeMap<i64, i64>,
}

impl Release {
    pub fn start(url: &str, release: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_release"));
        command.args([url, release, &ROWS.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "{release} does not start");
        Self(child, output)
    }

    /// Lets it end. Nothing may have gone wrong; what it wrote last goes into `versions`.
    pub fn end(mut self, versions: &mut BTreeMap<i64, i64>) -> Outcome {
        drop(self.0.stdin.take());
        let mut printed = String::new();
        self.1.read_to_string(&mut printed).unwrap();
        assert!(self.0.wait().unwrap().success());
        let outcome: Outcome = serde_json::from_str(&printed).unwrap();
        assert!(outcome.wrong.is_empty(), "{} things went wrong: {:?}", outcome.wrong.len(), &outcome.wrong[..1]);
        assert!(outcome.writes > 20, "it hardly ran: {outcome:?}");
        versions.extend(&outcome.versions);
        outcome
    }
}

pub fn a_while() {
    std::thread::sleep(Duration::from_millis(700));
}

/// What the migration makes, of the releases to come.
pub fn sql(url: &str, which: &str) -> Vec<String> {
    let printed = Command::new(env!("CARGO_BIN_EXE_release")).args([url, which, "0"]).output().unwrap().stdout;
    let statements: Vec<String> = String::from_utf8(printed).unwrap().lines().map(str::to_owned).collect();
    assert!(statements.len() >= 2, "{statements:?}");
    statements
}
