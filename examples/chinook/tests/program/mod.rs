//! Runs the program, and reads what it says.

#![allow(dead_code, reason = "each test uses some of it")]

use std::process::{Command, Output};

/// The excerpt of our own in the dialect of a database.
pub(crate) fn excerpt(database: &str) -> String {
    format!("{}/tests/excerpts/{database}.sql", env!("CARGO_MANIFEST_DIR"))
}

/// One of Chinook's own scripts, where `CHINOOK_SCRIPTS` names the folder that has them.
pub(crate) fn real_script(name: &str) -> Option<String> {
    std::env::var("CHINOOK_SCRIPTS").ok().map(|folder| format!("{folder}/{name}"))
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chinook")).args(arguments).output().unwrap()
}

/// What a run printed, with each run of white space as one space, so that the layout may change.
pub(crate) fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    words(&output.stdout)
}

/// What a run said that failed.
pub(crate) fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    words(&output.stderr)
}

fn words(text: &[u8]) -> String {
    String::from_utf8_lossy(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
pub(crate) fn says(text: &str, expected: &str) {
    assert!(text.contains(expected), "no `{expected}` in {text}");
}

/// The questions and their answers, of everything that a run printed.
pub(crate) fn answers(printed: &str) -> &str {
    let (_, questions) = printed.split_once("Who has this email?").unwrap();
    let (answers, _) = questions.split_once("What is left of the plaintext?").unwrap();
    answers
}
