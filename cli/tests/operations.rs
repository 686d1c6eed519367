//! The runbooks of docs/operations.md: every command is run as written, on each database, and prints what stands below it.
//!
//! A block of `sh` is run by bash, one of `sql` in the database, and one of `text` is what the last commands printed, in
//! short: a line has to be among theirs, in order, with `..` for what may be anything. Ids and times differ from run to run.
//! `<!-- the application starts: email, note -->` opens the application's vault with these columns.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test stops at what it did not expect")]
#![cfg(unix)]

mod program;

use std::{fs, path::Path, process::Command};

use diesel_encrypted::{Class, Field, Storage, Vault, accounts, sql::Dialect};
use program::clinic::{Clinic, EMAIL, NOTE, backends};

/// The note under another name of its column, and under another of its table.
static REMARK: Field =
    Field::new("patients.note", "patients", "remark", Class::Text, Storage::Text).primary_key(&["id"]);
static PERSON: Field = Field::new("patients.note", "people", "remark", Class::Text, Storage::Text).primary_key(&["id"]);
static PERSON_EMAIL: Field = Field::new("patients.email", "people", "email", Class::Text, Storage::Binary)
    .primary_key(&["id"])
    .indexes(EMAIL_INDEXES);
const EMAIL_INDEXES: &[diesel_encrypted::Index] =
    &[diesel_encrypted::Index::new("default").normalize(&[diesel_encrypted::Normalizer::Lowercase])];

fn field(name: &str) -> &'static Field {
    match name {
        "email" => &EMAIL,
        "note" => &NOTE,
        "remark" => &REMARK,
        "people.remark" => &PERSON,
        "people.email" => &PERSON_EMAIL,
        _ => panic!("no such field: {name}"),
    }
}

/// What a reader of a runbook does.
#[derive(Debug)]
enum Step<'d> {
    Shell(&'d str),
    Sql(&'d str),
    Printed(&'d str),
    Start(Vec<&'d str>),
}

/// The steps of a part of the document, in their order.
fn steps(mut text: &str) -> Vec<Step<'_>> {
    let marks = ["```sh\n", "```sql\n", "```text\n", "<!-- the application starts: "];
    let mut steps = Vec::new();
    while let Some((at, mark)) = marks.iter().filter_map(|mark| Some((text.find(mark)?, *mark))).min() {
        let rest = &text[at + mark.len()..];
        let (body, after) = rest.split_once(if mark.starts_with('<') { " -->" } else { "```" }).unwrap();
        steps.push(match mark {
            "```sh\n" => Step::Shell(body),
            "```sql\n" => Step::Sql(body),
            "```text\n" => Step::Printed(body),
            _ => Step::Start(body.split(", ").collect()),
        });
        text = after;
    }
    steps
}

/// Runs commands as the last ones left the shell, and gives what they print.
fn shell(clinic: &Clinic, commands: &str) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_diesel-encrypted")).parent().unwrap();
    let script = format!("set -euo pipefail -o allexport\n. ./.shell\n{commands}\nexport -p > .shell\n");
    let state = clinic.path(".shell");
    if !state.exists() {
        fs::write(&state, "").unwrap();
    }
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(format!("exec 2>&1\n{script}")).current_dir(clinic.path("")).env_clear();
    bash.env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
    bash.env("DATABASE_URL", if clinic.dialect == Dialect::Sqlite { "clinic.db" } else { &clinic.url });
    bash.env("ENCRYPTION_FIELD_KEY_PATH", "keys");
    let output = bash.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{:?}: {commands}\n{printed}", clinic.dialect);
    printed
}

/// Whether a printed word is what the document has: the same, or another id or time.
fn is_word(expected: &str, word: &str) -> bool {
    let trim = |word: &str| word.trim_matches(|c: char| "()[],.:;`\"".contains(c)).to_owned();
    let (shown, found) = (trim(expected), trim(word));
    let is_hex = |word: &str| {
        matches!(word.len(), 8 | 16)
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            && word.bytes().any(|byte| byte.is_ascii_digit())
    };
    let is_time = |word: &str| word.len() > 18 && word.as_bytes().get(10) == Some(&b'T') && word.ends_with('Z');
    expected == word || is_hex(&shown) && is_hex(&found) || is_time(&shown) && is_time(&found)
}

fn is_line(expected: &str, line: &str) -> bool {
    let mut words = line.split_whitespace();
    for word in expected.split_whitespace() {
        match words.next() {
            _ if word == ".." => return true,
            Some(found) if is_word(word, found) => {}
            Some(found) if word.strip_suffix("..").is_some_and(|begin| found.starts_with(begin)) => {}
            _ => return false,
        }
    }
    words.next().is_none()
}

/// Does the steps, and gives what was not printed.
fn follow(clinic: &Clinic, title: &str, steps: Vec<Step<'_>>) -> Vec<String> {
    let (mut printed, mut missing) = (None, Vec::new());
    for step in steps {
        match step {
            Step::Shell(commands) if commands.contains("sqlite3 ") && clinic.dialect != Dialect::Sqlite => {
                printed = None;
            }
            Step::Shell(commands) => {
                printed = Some(shell(clinic, commands));
            }
            Step::Sql(statements) => {
                statements.split(";\n").filter(|one| !one.trim().is_empty()).for_each(|one| clinic.sql(one))
            }
            Step::Start(fields) => {
                if fields.contains(&"users") {
                    let statements = accounts::tables().up(clinic.dialect);
                    let create = statements.split_inclusive(';').filter(|part| part.contains("CREATE"));
                    create.for_each(|statement| clinic.sql(statement));
                }
                let builder = Vault::builder(clinic.root_keys());
                clinic.open(fields.into_iter().fold(builder, |builder, name| match name {
                    "users" => builder.users(),
                    name => builder.field(field(name)),
                }));
            }
            Step::Printed(expected) => {
                let Some(printed) = &printed else { continue };
                let mut lines = printed.lines();
                for expected in expected.lines().filter(|line| line.trim() != "..") {
                    if !lines.any(|line| is_line(expected, line)) {
                        missing.push(format!(
                            "{title}, {:?}: no `{expected}` (in this place) in\n{printed}",
                            clinic.dialect
                        ));
                        break;
                    }
                }
            }
        }
    }
    missing
}

fn document() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md")).unwrap()
}

#[test]
fn every_runbook_does_what_it_is_for() {
    let text = document();
    let runbooks = text.split_once("\n## Runbooks\n").unwrap().1.split("\n## ").next().unwrap().to_owned();
    let mut missing = Vec::new();
    let mut count = 0;
    for runbook in runbooks.split("\n### ").skip(1) {
        let title = runbook.lines().next().unwrap();
        for dialect in backends() {
            let clinic = match title {
                "First deploy" => Clinic::without_keys(dialect),
                _ => Clinic::with_patients(dialect, 40),
            };
            missing.extend(follow(&clinic, title, steps(runbook)));
            count += 1;
        }
    }
    assert!(count >= 10, "{count}");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_command_of_the_other_parts_runs_on_a_clinic() {
    let text = document();
    let clinic = Clinic::with_patients(Dialect::Sqlite, 40);
    fs::create_dir(clinic.path("quickstart-data")).unwrap();
    fs::copy(clinic.path("clinic.db"), clinic.path("quickstart-data/clinic.db")).unwrap();
    let shells =
        steps(&text).into_iter().filter(|step| matches!(step, Step::Shell(text) if text.contains("quickstart-data/")));
    let shells: Vec<_> = shells.collect();
    assert!(shells.len() >= 4, "{shells:?}");
    assert!(follow(&clinic, "quickstart", shells).is_empty());
}
