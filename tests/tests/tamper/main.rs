//! What someone who can write to the database can do, and what is found out: the lines of docs/threat-model.md, each a
//! test over a database of each kind.
//!
//! Every check opens the vault anew, as an application does when it starts, and reads through Diesel.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod altered;
mod database;
mod keys;
mod moved;
mod undetected;

use std::collections::BTreeSet;

/// The names of the test functions of a source file.
fn tests(source: &str) -> impl Iterator<Item = &str> {
    let functions = source.split("\n    fn ").skip(1);
    functions
        .filter_map(|function| function.split_once("<C>()"))
        .map(|(name, _)| name)
        .filter(|name| !name.contains(' '))
}

#[test]
fn the_threat_model_has_a_line_for_every_test_and_a_test_for_every_line() {
    let sources =
        [include_str!("altered.rs"), include_str!("keys.rs"), include_str!("moved.rs"), include_str!("undetected.rs")];
    let of_accounts = [include_str!("../accounts/sharing/altered.rs"), include_str!("../accounts/sharing/planted.rs")];
    let elsewhere: BTreeSet<&str> = of_accounts.into_iter().flat_map(tests).collect();
    let run: BTreeSet<&str> = sources.into_iter().flat_map(tests).collect();
    let lines = include_str!("../../../docs/threat-model.md").lines().filter(|line| line.starts_with("| "));
    let named = lines.filter_map(|line| line.rsplit('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let told = named.filter(|name| name.matches('_').count() > 2 && !elsewhere.contains(name));
    let told: BTreeSet<&str> = told.collect();
    assert_eq!(run, told, "left: tests, right: lines");
}
