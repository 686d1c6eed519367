//! Runs the example as a reader does, twice in the same folder.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quickstart")).current_dir(folder).output().unwrap()
}

/// What a run printed, with each run of white space as one space, so that the layout may change.
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    words(&output.stdout)
}

fn words(text: &[u8]) -> String {
    String::from_utf8_lossy(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn the_second_run_finds_what_the_first_one_stored() {
    let folder = tempfile::tempdir().unwrap();
    let first = printed(&run(folder.path()));
    assert!(first.contains("stored 3 new, 3 in all"), "{first}");
    assert_eq!(first.matches("made just now").count(), 2, "{first}");
    assert!(first.contains("blind_eq(\"ADA@example.ORG\") Ada Lovelace <Ada@Example.org>, 020 7946 0018"), "{first}");
    assert!(first.contains("blind_eq(\"(020) 7946-0342\") Charles Babbage"), "{first}");

    let second = printed(&run(folder.path()));
    assert!(second.contains("stored 0 new, 3 in all"), "{second}");
    assert_eq!(second.matches("from an earlier run").count(), 2, "{second}");
    assert!(second.contains("Ada Lovelace <Ada@Example.org>, 020 7946 0018"), "{second}");
}

#[test]
fn everything_that_should_be_refused_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = printed(&run(folder.path()));
    assert!(!text.contains("NOT refused"), "{text}");
    for message in [
        "wrong root key: the data keys of this database are wrapped by root key `root-1`",
        "`patients.email`: no vault",
        "patients.email: not a sealed value",
        "sealed for the field `patients.email` and stands in the wrong column",
    ] {
        assert!(text.contains(message), "no `{message}` in {text}");
    }
}

#[test]
fn no_encrypted_value_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    let file = fs::read(folder.path().join("quickstart-data/clinic.db")).unwrap();
    assert!(contains(&file, "Ada Lovelace"), "names are not encrypted, so this search works");
    for value in ["Ada@Example.org", "ada@example.org", "020 7946 0018", "02079460018", "Influenza", "penicillin"] {
        assert!(!contains(&file, value), "{value}");
    }
}

#[test]
fn another_key_is_told_from_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    fs::remove_dir_all(folder.path().join("quickstart-data/keys")).unwrap();
    let output = run(folder.path());
    assert!(!output.status.success());
    let error = words(&output.stderr);
    assert!(error.contains("wrong root key") && error.contains("remove the folder quickstart-data"), "{error}");
}
