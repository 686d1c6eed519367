//! `sql` and `doctor`: what is missing is named, and what is printed mends it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at what it did not expect"
)]

mod program;

use std::fs;

use diesel_encrypted::{LocalRootKey, MemoryKeyStore, RootKeyId, RootKeys, Vault, keys::Secret};
use program::{
    clinic::{Clinic, EMAIL, backends},
    says,
};
use serde_json::Value;

/// What `doctor` finds worse than notes, about what it says it is.
fn findings(clinic: &Clinic) -> Vec<(String, String)> {
    let done = clinic.run(&["doctor", "--json"]).output();
    let found: Value =
        serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}{}", done.out, done.err));
    let bad = found
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| ["warn", "fail"].contains(&finding["level"].as_str().unwrap()));
    let bad: Vec<(String, String)> = bad
        .map(|finding| (finding["about"].as_str().unwrap().to_owned(), finding["says"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(done.code, if bad.is_empty() { 0 } else { 3 }, "{bad:?}");
    bad
}

#[track_caller]
fn has(findings: &[(String, String)], about: &str, says: &str) {
    let found = findings.iter().any(|(what, text)| what.contains(about) && text.contains(says));
    assert!(found, "no `{about}: {says}` in {findings:#?}");
}

#[test]
fn what_doctor_misses_sql_prints_and_a_migration_of_it_mends_it() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 3);
        let missing = findings(&clinic);
        has(
            &missing,
            "patients.email",
            "has no index, without which searches read the whole table, of the name patients_email_default",
        );
        has(&missing, "patients.note", "has no guard, which refuses what is not sealed");

        fs::create_dir(clinic.path("migrations")).unwrap();
        let folder = clinic.run(&["sql", "--missing", "--migration", "migrations"]).printed();
        let file = |name: &str| fs::read_to_string(clinic.path(folder.trim()).join(name)).unwrap();
        let printed = clinic.run(&["sql"]).printed();
        assert_eq!(file("up.sql").trim(), printed.trim());
        clinic.sql(&file("up.sql"));
        assert_eq!(findings(&clinic), []);
        assert_eq!(clinic.run(&["sql", "--missing"]).printed().trim(), "-- nothing is missing");
        clinic.sql(&file("down.sql"));
        assert_eq!(findings(&clinic), missing);
    }
}

#[test]
fn sql_takes_columns_and_unique_indexes_and_refuses_what_is_not_there() {
    let clinic = Clinic::new(backends()[0]);
    let one = clinic.run(&["sql", "patients.email", "--no-guards", "--unique", "patients.email"]).printed();
    assert_eq!(one.trim(), "CREATE UNIQUE INDEX `patients_email_default` ON `patients` (substr(`email`, 4, 15));");
    let both = clinic.run(&["sql", "--json"]).json();
    assert_eq!([both["up"].as_array().unwrap().len(), both["down"].as_array().unwrap().len()], [5, 5]);
    says(&clinic.run(&["sql", "patients.mail"]).refused(2), "patients.mail is no encrypted column");
    says(&clinic.run(&["sql", "--unique", "patients.email:other"]).refused(2), "has no blind index `other`");
    let without = clinic.run_without_keys(&["sql"]).ends(0);
    assert_eq!(without.out, clinic.run(&["sql"]).printed());
    says(&without.err, "no root key is configured");
}

#[test]
fn doctor_finds_what_is_wrong_with_values_and_keys() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 2);
        clinic.sql(&clinic.run(&["sql"]).printed());
        assert_eq!(findings(&clinic), []);
        clinic.sql(
            &clinic.run(&["sql", "--json"]).json()["down"]
                .as_array()
                .unwrap()
                .iter()
                .map(|down| format!("{};", down.as_str().unwrap()))
                .collect::<String>(),
        );
        let elsewhere = RootKeys::new(LocalRootKey::new(RootKeyId::new("r9").unwrap(), Secret::generate().unwrap()));
        let vault = Vault::builder(elsewhere).field(&EMAIL).open_with(&mut MemoryKeyStore::new()).unwrap();
        let lost = clinic.literal(&vault.seal(&EMAIL, "lost@example.org").unwrap());
        clinic.sql(&format!("INSERT INTO patients VALUES (3, {lost}, 'in the clear')"));
        let found = findings(&clinic);
        has(&found, "patients.email, key ", "1 value of a key that encryption_keys does not have");
        has(&found, "patients.note", "1 value in the clear, which the model refuses");

        clinic.sql("UPDATE encryption_keys SET version = version + 1 WHERE purpose = 2");
        has(&findings(&clinic), "key tables", "was altered outside of diesel-encrypted");
        clinic.sql("UPDATE encryption_keys SET version = version - 1 WHERE purpose = 2");
        fs::rename(clinic.path("keys"), clinic.path("lost")).unwrap();
        has(&findings(&clinic), "root keys", "cannot read keys");
        clinic.run(&["keys", "generate", "--folder", "keys", "--id", "root-2"]).printed();
        has(&findings(&clinic), "root key root-1", "is not configured");
    }
}

#[test]
fn doctor_looks_at_the_database_without_a_root_key() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 2);
        let with = clinic.run(&["doctor"]).ends(3).out;
        let without = clinic.run_without_keys(&["doctor"]).ends(3).out;
        says(&without, "WARN root keys: none is configured");
        says(&without, "WARN key tables: found authentic by nothing");
        let of_columns = |said: &str| said.lines().filter(|line| line.contains("patients.")).count();
        assert!(of_columns(&with) > 4 && of_columns(&with) == of_columns(&without), "{with}\n{without}");
        clinic.run_without_keys(&["doctor", "--root-key-folder", "none"]).ends(3);
    }
}

#[test]
fn doctor_says_what_a_blind_index_shows() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 6);
        let vault = clinic.vault();
        let email = clinic.literal(&vault.seal(&EMAIL, "p1@EXAMPLE.org").unwrap());
        clinic.sql(&format!("INSERT INTO patients VALUES (7, {email}, NULL), (8, {email}, NULL), (9, NULL, NULL)"));
        // Plaintext that is long enough to have bytes where a tag stands.
        let plain = clinic.literal(&[0x41; 80]);
        clinic.sql(&format!("INSERT INTO patients VALUES (10, {plain}, NULL)"));
        let said = clinic.run(&["doctor"]).output().out;
        says(&said, "patients.email, index default: 8 rows with 6 different tags, the most frequent in 3;");
    }
}

#[cfg(unix)]
#[test]
fn doctor_finds_files_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let clinic = Clinic::new(backends()[0]);
    let loosen =
        |path: &str, mode: u32| fs::set_permissions(clinic.path(path), fs::Permissions::from_mode(mode)).unwrap();
    clinic.sql(&clinic.run(&["sql"]).printed());
    loosen("keys/root-1.key", 0o640);
    has(&findings(&clinic), "root keys", "chmod 600 'keys/root-1.key'");
    loosen("keys/root-1.key", 0o600);
    fs::write(clinic.path(".env"), "DATABASE_URL=postgres://ada:h4x0r@db/clinic\n").unwrap();
    loosen(".env", 0o644);
    let found = findings(&clinic);
    has(&found, "variables", "holds a secret and has mode 0644");
    assert!(!format!("{found:?}").contains("h4x0r"));
    loosen(".env", 0o600);
    assert_eq!(findings(&clinic), []);
}
