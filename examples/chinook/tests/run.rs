//! Runs the example on an excerpt of our own, on scripts that are wrong, and on the real one where `CHINOOK_SQL` says
//! where it is.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;
use std::process::{Command, Output};

const EXCERPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/excerpt.sql");

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chinook")).args(arguments).output().unwrap()
}

/// What a run printed, with each run of white space as one space, so that the layout may change.
fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    words(&output.stdout)
}

fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    words(&output.stderr)
}

fn words(text: &[u8]) -> String {
    String::from_utf8_lossy(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(text: &str, expected: &str) {
    assert!(text.contains(expected), "no `{expected}` in {text}");
}

#[test]
fn every_question_is_answered_as_the_plaintext_tables_do() {
    let text = printed(&[EXCERPT]);
    says(&text, "encrypted 4 customers, 2 employees");
    says(&text, "blind_eq(\"ZOË.OMALLEY@MAIL.EXAMPLE\") found Zoë O'Malley <Zoë.OMalley@mail.example>");
    says(&text, "12 Harbour Row; Flat 2, Ireland looked after by Ngozi Okafor <ngozi@shop.example>, Manager");
    says(&text, "2 mail.example 1 each of 2 other domains");
    says(&text, "invoice 1 2021-01-01 1.98 invoice 3 2021-03-04 10.50 total of 2 12.48");
    assert_eq!(text.matches("the plaintext tables give the same answer").count(), 4, "{text}");
}

#[test]
fn a_phone_number_is_found_however_it_is_spelled() {
    let text = printed(&[EXCERPT, "--phone", "00 353-1/5550123"]);
    says(&text, "phone.blind_eq(\"00 353-1/5550123\") found nobody checked");
    let text = printed(&[EXCERPT, "--phone", "3531-555-0123"]);
    says(&text, "found Zoë O'Malley");
    says(&text, "found Twin Spelling <twin@MAIL.example>");
}

#[test]
fn who_is_asked_for_can_be_chosen() {
    says(&printed(&[EXCERPT, "--email", "TWIN@mail.EXAMPLE"]), "total of 1 5.00");
    says(&printed(&[EXCERPT, "--email", "absent@mail.example"]), "total of 0 0.00");
}

#[test]
fn what_was_encrypted_is_nowhere_else_in_the_database() {
    let text = printed(&[EXCERPT]);
    says(&text, "emails 0 of 5 are still among");
    says(&text, "phones 0 of 4 are still among");
    says(&text, "addresses 2 of 3 are still among");
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("marked.sql");
    fs::write(&path, format!("\u{feff}{}", fs::read_to_string(EXCERPT).unwrap())).unwrap();
    says(&printed(&[path.to_str().unwrap()]), "4 customers");
}

#[test]
fn a_script_that_is_missing_or_wrong_is_told_by_name() {
    says(&refused(&["no/such.sql"]), "there is no file no/such.sql: download Chinook_Sqlite.sql from https://");

    let folder = tempfile::tempdir().unwrap();
    for (name, script, expected) in [
        ("mysql.sql", &b"CREATE DATABASE `Chinook`;"[..], "near \"DATABASE\": syntax error"),
        ("empty.sql", b"", "no such table: Customer"),
        ("latin.sql", b"-- \xe9", "is not UTF-8 text"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, script).unwrap();
        let error = refused(&[path.to_str().unwrap()]);
        says(&error, name);
        says(&error, expected);
    }
    says(&refused(&[]), "Usage: chinook");
}

#[test]
fn the_real_script_is_answered_too() {
    let Some(script) = std::env::var_os("CHINOOK_SQL") else { return };
    let text = printed(&[script.to_str().unwrap()]);
    says(&text, "59 customers, 8 employees, 412 invoices");
    says(&text, "8 gmail.com 4 hotmail.com");
    says(&text, "total of 7 39.62");
    says(&text, "emails 0 of 67 are still among");
    assert_eq!(text.matches("the plaintext tables give the same answer").count(), 4, "{text}");
}
