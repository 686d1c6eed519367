//! The sections "Migrate a table" and "Migrate into a new column" of docs/operations.md, run as written on every database: its commands, its statements, and
//! where it shows a model, the application's part.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test stops at what it did not expect")]
#![cfg(unix)]

mod program;

use std::{fs, path::Path, process::Command};

use diesel_encrypted::{Class, Field, Index, Normalizer, Plaintext, Storage, sql::Dialect};
use program::clinic::{Clinic, backends};

const DEFAULT: Index = Index::new("default").normalize(&[Normalizer::Lowercase]);

const fn email() -> Field {
    Field::new("patients.email", "patients", "email", Class::Text, Storage::Text)
        .primary_key(&["id"])
        .indexes(&[DEFAULT])
}

static BESIDE: Field = Field::new("patients.sealed_email", "patients", "sealed_email", Class::Text, Storage::Binary)
    .primary_key(&["id"])
    .indexes(&[DEFAULT]);

static BOTH: Field = email().plaintext(Plaintext::Accept);
static STRICT: Field = email();

/// A fenced block: the words behind the fence, and what it says.
struct Block {
    language: String,
    text: String,
}

impl Block {
    /// Whether it is for this database, which its first line names unless it is for all.
    fn is_for(&self, dialect: Dialect) -> bool {
        let first = self.text.lines().next().filter(|_| self.language != "rust").unwrap_or_default();
        let Some(named) = first.strip_prefix("# ").or_else(|| first.strip_prefix("-- ")) else { return true };
        named.starts_with(match dialect {
            Dialect::Sqlite => "SQLite",
            Dialect::Postgres => "PostgreSQL",
            _ => "MySQL, MariaDB",
        })
    }
}

/// The blocks of a section, without the indentation of a list.
fn blocks(section: &str) -> Vec<Block> {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let document = fs::read_to_string(document).unwrap();
    let (_, rest) = document.split_once(&format!("\n## {section}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in section.lines().map(|line| line.strip_prefix("   ").unwrap_or(line)) {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some(Block { language: language.to_owned(), text: String::new() }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    blocks
}

/// Runs the blocks of a section over `clinic`, whose application opens its vault by `deploy` where a model is shown.
fn follow(clinic: &Clinic, section: &str, deploy: impl Fn(&str)) {
    clinic.name_to_clients();
    let program = Path::new(env!("CARGO_BIN_EXE_diesel-encrypted")).parent().unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", program.display());
    let is_for = |block: &Block| block.is_for(clinic.dialect);
    let mut functions = blocks("Migrate a table");
    functions.retain(|block| is_for(block) && block.text.contains("run() {"));
    let functions: String = functions.into_iter().map(|block| block.text).collect();
    let mut ran = 0;
    for block in blocks(section).iter().filter(|block| is_for(block) && !block.text.contains("run() {")) {
        match block.language.as_str() {
            "sh migrate" => {
                let script = format!("set -euo pipefail\n{functions}{}", block.text);
                let mut command = Command::new("bash");
                command.arg("-c").arg(script).current_dir(clinic.path("")).env_clear().env("PATH", &path);
                command.env("DATABASE_URL", &clinic.url).env("ENCRYPTION_FIELD_KEY_PATH", "keys");
                let output = command.env("HOME", clinic.path("")).output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{}\n{said}", block.text);
                ran += 1;
            }
            "sql migrate" => {
                clinic.sql(&block.text);
                ran += 1;
            }
            "rust" => deploy(&block.text),
            other => panic!("a block of `{other}`, which nothing runs"),
        }
    }
    assert!(ran >= 5, "{ran} blocks");
}

#[test]
fn a_table_is_migrated_in_place_as_the_runbook_says() {
    for dialect in backends() {
        let clinic = Clinic::empty(dialect);
        clinic.sql("CREATE TABLE patients (id integer PRIMARY KEY, email varchar(100))");
        for id in 1..=60 {
            clinic.sql(&format!("INSERT INTO patients VALUES ({id}, 'P{id}@Example.org')"));
        }
        clinic.sql("INSERT INTO patients VALUES (61, NULL)");
        follow(&clinic, "Migrate a table", |model| {
            let field = if model.contains("plaintext = \"accept\"") { &BOTH } else { &STRICT };
            let vault = clinic.vault_of(&[field]);
            let sealed = diesel_encrypted::format::text::encode(&vault.seal(field, "New@example.org").unwrap());
            clinic.sql(&format!("UPDATE patients SET email = '{sealed}' WHERE id = 7"));
        });
        let status = clinic.run(&["status", "--json"]).json();
        let column = &status[0];
        assert_eq!((&column["plaintext"], &column["sealed"]), (&0.into(), &60.into()), "{status}");
        clinic.run(&["verify"]).printed();
        assert!(clinic.try_sql("UPDATE patients SET email = 'planted' WHERE id = 1").is_err(), "the guard stands");
        if dialect == Dialect::Postgres {
            let validated = "SELECT convalidated::text FROM pg_constraint WHERE conname = 'patients_email_sealed'";
            assert_eq!(clinic.texts(validated), ["true"]);
        }
        let vault = clinic.vault_of(&[&STRICT]);
        for stored in clinic.texts("SELECT email FROM patients WHERE id = 9") {
            assert_eq!(vault.open_text::<String>(&STRICT, &stored).unwrap(), "P9@Example.org");
        }
    }
}

#[test]
fn a_table_is_migrated_into_a_new_column_as_the_runbook_says() {
    for dialect in backends() {
        let clinic = Clinic::empty(dialect);
        clinic.sql("CREATE TABLE patients (id integer PRIMARY KEY, email varchar(100))");
        for id in 1..=40 {
            clinic.sql(&format!("INSERT INTO patients VALUES ({id}, 'P{id}@Example.org')"));
        }
        follow(&clinic, "Migrate into a new column", |_| drop(clinic.vault_of(&[&BESIDE])));
        let status = clinic.run(&["status", "--json"]).json();
        assert_eq!((&status[0]["plaintext"], &status[0]["sealed"]), (&0.into(), &40.into()), "{status}");
        assert!(clinic.try_sql("SELECT email FROM patients").is_err(), "the old column is gone");
    }
}
