//! Every command of docs/cli.md is run as written, from the first to the last, over a clinic with some patients.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test stops at what it did not expect")]
#![cfg(unix)]

mod program;

use std::{fs, path::Path, process::Command};

use diesel_encrypted::sql::Dialect;
use program::clinic::Clinic;

/// What stands in the blocks of shell commands.
fn commands(text: &str) -> Vec<&str> {
    text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_command_of_the_document_does_what_it_is_for() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let text = fs::read_to_string(root.join("docs/cli.md")).unwrap();
    let commands = commands(&text);
    assert!(commands.len() >= 4, "{commands:?}");

    let clinic = Clinic::with_patients(Dialect::Sqlite, 40);
    let program = Path::new(env!("CARGO_BIN_EXE_diesel-encrypted")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", program.display());
    let script = format!("set -euxo pipefail\n{}", commands.concat());
    let output =
        Command::new("bash").arg("-c").arg(script).env_clear().env("PATH", path).current_dir(clinic.path("")).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}", String::from_utf8_lossy(&output.stdout));
}
