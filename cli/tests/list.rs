//! `keys list`: what the key table says, without a key.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test stops at what it did not expect")]

mod program;

use program::{
    clinic::{Clinic, backends},
    run_in, says,
};

#[test]
fn the_keys_of_every_field_are_listed_without_a_root_key() {
    for dialect in backends() {
        let clinic = Clinic::new(dialect);
        let keys = clinic.run_without_keys(&["keys", "list", "--json"]).json();
        let mut names: Vec<(&str, &str)> = keys
            .as_array()
            .unwrap()
            .iter()
            .map(|key| (key["purpose"].as_str().unwrap(), key["name"].as_str().unwrap()))
            .collect();
        names.sort_unstable();
        let expected = [
            ("encrypt", "patients.email"),
            ("encrypt", "patients.note"),
            ("index", "index:patients.email:default"),
            ("state", ""),
        ];
        assert_eq!(names, expected);
        let configured = clinic.run(&["keys", "fingerprint", "--json"]).json();
        for key in keys.as_array().unwrap() {
            assert_eq!(key["root_fingerprint"], configured[0]["fingerprint"]);
            assert_eq!((&key["state"], &key["version"]), (&"active".into(), &1.into()));
        }
        let index = keys.as_array().unwrap().iter().find(|key| key["purpose"] == "index").unwrap();
        assert_eq!((&index["normalize"][0], &index["bits"]), (&"lowercase".into(), &112.into()));

        let table = clinic.run_without_keys(&["keys", "list"]).printed();
        assert!(table.starts_with("KEY       PURPOSE  NAME"), "{table}");
        says(&table, "encrypt patients.email 1 active 20");
        says(&table, "Z root-1 (");
        assert_eq!(table.lines().count(), 5);
    }
}

#[test]
fn a_database_without_keys_says_so_and_gets_none() {
    for dialect in backends() {
        let clinic = Clinic::new(dialect);
        clinic.sql("DROP TABLE encryption_keys");
        clinic.sql("DROP TABLE encrypted_columns");
        clinic.sql("DROP TABLE encryption_audit");
        for _ in 0..2 {
            says(&clinic.run(&["keys", "list"]).refused(1), "no vault was ever opened over it");
        }
    }
}

#[test]
fn a_name_in_the_database_cannot_speak_to_the_terminal() {
    let clinic = Clinic::new(backends()[0]);
    clinic.sql("UPDATE encryption_keys SET name = CAST(char(27) || '[2Jhidden' AS blob) WHERE purpose = 1 AND name = CAST('patients.note' AS blob)");
    let table = clinic.run_without_keys(&["keys", "list"]).printed();
    assert!(!table.contains('\u{1b}'), "{table}");
    says(&table, "\\u{1b}[2Jhidden");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a database, and longer than the header of one is. ".repeat(9))
        .unwrap();
    let refused = run_in(folder.path(), &["keys", "list", "--database-url", "notes.txt"]).refused(1);
    says(&refused, "file is not a database");
}
