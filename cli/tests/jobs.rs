//! `status`, `verify`, `encrypt`, `rotate`, `reindex`, `decrypt` and `purge`, over a clinic as its application left it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at what it did not expect"
)]

mod program;

use diesel_encrypted::{
    Algorithm, Class, Field, Index, LocalRootKey, MemoryKeyStore, Normalizer, Plaintext, RootKeyId, RootKeys, Storage,
    Vault, keys::Secret,
};
use program::{
    clinic::{Clinic, EMAIL, NOTE, backends},
    says,
};
use serde_json::Value;

/// What `status` says of a column.
fn column(clinic: &Clinic, name: &str) -> Value {
    let status = clinic.run_without_keys(&["status", "--json"]).json();
    let found = status.as_array().unwrap().iter().find(|column| column["column"] == name);
    found.unwrap_or_else(|| panic!("{name} in {status}")).clone()
}

/// What a job reports of its only column.
fn done(report: &Value) -> [u64; 4] {
    ["done", "skipped", "failed", "left"].map(|count| report["columns"][0][count].as_u64().unwrap())
}

#[test]
fn status_counts_what_columns_hold_without_a_root_key() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 5);
        clinic.sql("INSERT INTO patients VALUES (6, NULL, 'in the clear')");
        let email = column(&clinic, "patients.email");
        assert_eq!([&email["null"], &email["plaintext"], &email["sealed"]], [1, 0, 5]);
        assert_eq!((&email["keys"][0]["state"], &email["keys"][0]["rows"]), (&"active".into(), &5.into()));
        assert_eq!(email["indexes"][0]["generations"]["1"], 5);
        let note = column(&clinic, "patients.note");
        assert_eq!([&note["null"], &note["plaintext"], &note["sealed"]], [0, 1, 5]);
        says(&clinic.run_without_keys(&["status"]).printed(), "patients.note 0 1 5 83.3% 100%");
    }
}

#[test]
fn verify_finds_the_row_that_does_not_open_and_prints_no_value() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 4);
        let verified = clinic.run(&["verify", "patients.email", "--json"]).json();
        assert_eq!(done(&verified), [4, 0, 0, 0]);
        // Another row's value is authentic; one with its last byte changed is not.
        clinic.sql("UPDATE patients SET note = 'in the clear' WHERE id = 2");
        let mut sealed = clinic.vault().seal(&EMAIL, "mallory@example.org").unwrap();
        *sealed.last_mut().unwrap() ^= 1;
        clinic.sql(&format!("UPDATE patients SET email = {} WHERE id = 3", clinic.literal(&sealed)));
        let found = clinic.run(&["verify"]).ends(3);
        says(&found.err, "patients.email, row 3: `patients.email`: a value under key");
        says(&found.err, "patients.note, row 2: `patients.note`: a value is not encrypted");
        assert!(!found.err.contains("in the clear") && !found.err.contains("mallory"), "{}", found.err);
        says(&clinic.run(&["verify", "--stop-on-failure"]).refused(1), "stopped at the first failure");
        says(&clinic.run(&["verify", "patients.mail"]).refused(2), "There are: patients.email, patients.note");
        says(&clinic.run_without_keys(&["verify"]).refused(5), "no root key is configured");
    }
}

#[test]
fn encrypt_seals_what_the_model_accepts_and_refuses_what_may_be_planted() {
    static ACCEPTING: Field = Field::new("patients.note", "patients", "note", Class::Text, Storage::Text)
        .primary_key(&["id"])
        .plaintext(Plaintext::Accept);
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 2);
        clinic.sql("INSERT INTO patients VALUES (3, NULL, 'first'), (4, NULL, 'second')");
        says(&clinic.run(&["encrypt", "patients.note"]).refused(1), "refuses plaintext, and 2 rows hold some");
        assert_eq!(column(&clinic, "patients.note")["plaintext"], 2);

        clinic.vault_of(&[&EMAIL, &ACCEPTING]);
        let dry = clinic.run(&["encrypt", "patients.note", "--dry-run", "--json"]).json();
        assert_eq!((&dry["columns"][0]["done"], &dry["dry_run"]), (&2.into(), &true.into()));
        assert_eq!(column(&clinic, "patients.note")["plaintext"], 2, "a dry run writes nothing");
        let encrypted = clinic.run(&["encrypt", "patients.note", "--json"]).json();
        assert_eq!(done(&encrypted), [2, 0, 0, 0]);
        assert_eq!(column(&clinic, "patients.note")["plaintext"], 0);
        assert_eq!(done(&clinic.run(&["encrypt", "patients.note", "--json"]).json()), [0, 0, 0, 0], "nothing is left");

        clinic.vault();
        clinic.sql("INSERT INTO patients VALUES (5, NULL, 'third')");
        let named = ["encrypt", "patients.note", "--plaintext-of", "patients.note", "--json"];
        assert_eq!(done(&clinic.run(&named).json()), [1, 0, 0, 0]);
        clinic.run(&["verify"]).printed();
    }
}

#[test]
fn encrypt_seals_the_rows_of_one_tenant_by_its_own_vault() {
    static ACCEPTING: Field = Field::new("patients.note", "patients", "note", Class::Text, Storage::Text)
        .primary_key(&["id"])
        .plaintext(Plaintext::Accept);
    for dialect in backends() {
        let clinic = Clinic::new(dialect);
        clinic.sql("ALTER TABLE patients ADD COLUMN clinic integer");
        clinic.sql("INSERT INTO patients (id, note, clinic) VALUES (1, 'one', 7), (2, 'two', 7), (3, 'three', 8)");
        let vault = clinic.vault_in("clinic-7", &[&EMAIL, &ACCEPTING]);
        let refused = clinic.run(&["encrypt", "patients.note", "--scope", "clinic-7"]).refused(1);
        says(&refused, "say which rows are its own");
        says(&clinic.run(&["encrypt", "--only", "clinic"]).refused(2), "COLUMN=VALUE");
        let only = ["encrypt", "patients.note", "--scope", "clinic-7", "--only", "clinic=7", "--json"];
        assert_eq!(done(&clinic.run(&only).json()), [2, 0, 0, 0]);
        let notes = clinic.texts("SELECT note FROM patients ORDER BY id");
        assert_eq!(vault.open_text::<String>(&ACCEPTING, notes.first().unwrap()).unwrap(), "one");
        assert_eq!(notes.last().unwrap(), "three");
    }
}

#[test]
fn rotate_seals_anew_by_the_declared_algorithm_with_several_workers() {
    static OTHER: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .primary_key(&["id"])
        .algorithm(Algorithm::Xaes256Gcm)
        .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase])]);
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 60);
        let vault = clinic.vault_of(&[&OTHER, &NOTE]);
        let work = ["rotate", "patients.email", "--workers", "3", "--batch", "2", "--json"];
        let report = clinic.run(&work).json();
        assert_eq!(done(&report), [60, 0, 0, 0]);
        let email = column(&clinic, "patients.email");
        assert_eq!((&email["keys"][0]["algorithm"], &email["keys"][0]["rows"]), (&"xaes-256-gcm".into(), &60.into()));
        assert_eq!(done(&clinic.run(&work).json())[0], 0, "a second run has nothing to do");
        clinic.run(&["verify"]).printed();
        drop(vault);
    }
}

#[test]
fn reindex_fills_the_slot_of_a_further_index() {
    static MORE: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .primary_key(&["id"])
        .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase]), Index::new("exact")]);
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 5);
        clinic.vault_of(&[&MORE, &NOTE]);
        let exact = || column(&clinic, "patients.email")["indexes"][1].clone();
        assert_eq!(exact()["generations"]["0"], 5);
        says(&clinic.run_without_keys(&["status"]).printed(), "patients.email exact 0 no tag 5");
        assert_eq!(done(&clinic.run(&["reindex", "patients.email", "--json"]).json()), [5, 0, 0, 0]);
        assert_eq!((&exact()["generations"]["1"], exact()["generations"].get("0")), (&5.into(), None));
        clinic.run(&["verify"]).printed();
    }
}

#[test]
fn a_normaliser_of_the_applications_own_is_left_to_its_own_program() {
    static OWN: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .primary_key(&["id"])
        .indexes(&[Index::new("default").normalize(&[Normalizer::Custom { name: "upper", apply: str::to_uppercase }])]);
    let clinic = Clinic::new(backends()[0]);
    let vault = clinic.vault_of(&[&OWN, &NOTE]);
    let sealed = vault.seal(&OWN, "ada@example.org").unwrap();
    clinic.sql(&format!("INSERT INTO patients VALUES (1, {}, NULL)", clinic.literal(&sealed)));
    says(&clinic.run(&["verify"]).refused(1), "normalised by the application's own function `custom:upper`");
    says(&clinic.run(&["reindex"]).refused(1), "run this by the application's own program");
    assert_eq!(
        done(&clinic.run(&["rotate", "patients.email", "--json"]).json()),
        [0, 0, 0, 0],
        "which needs no normaliser"
    );
}

#[test]
fn decrypt_asks_first_and_writes_what_was_sealed() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 3);
        let asked = clinic.run(&["decrypt", "patients.note"]).ends(4);
        says(&asked.err, "3 values of patients.note will stand in the database in the clear");
        says(&asked.err, "Give --yes to go on");
        assert_eq!(column(&clinic, "patients.note")["plaintext"], 0);
        assert_eq!(done(&clinic.run(&["decrypt", "patients.note", "--yes", "--json"]).json()), [3, 0, 0, 0]);
        assert_eq!(column(&clinic, "patients.note")["plaintext"], 3);

        clinic.sql("ALTER TABLE patients ADD COLUMN plain_email text");
        let into = ["decrypt", "patients.email", "--into", "plain_email", "--yes", "--json"];
        assert_eq!(done(&clinic.run(&into).json()), [3, 0, 0, 0]);
        assert_eq!(column(&clinic, "patients.email")["sealed"], 3, "the sealed values stay");
        // Back again.
        clinic.sql("UPDATE patients SET email = NULL");
        let back = ["encrypt", "patients.email", "--from", "plain_email", "--json"];
        assert_eq!(done(&clinic.run(&back).json()), [3, 0, 0, 0]);
        clinic.run(&["verify", "patients.email"]).printed();
    }
}

#[test]
fn purge_takes_what_lost_keys_sealed_and_nothing_else() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 3);
        let elsewhere = RootKeys::new(LocalRootKey::new(RootKeyId::new("r9").unwrap(), Secret::generate().unwrap()));
        let vault = Vault::builder(elsewhere).field(&EMAIL).open_with(&mut MemoryKeyStore::new()).unwrap();
        let lost = vault.seal(&EMAIL, "lost@example.org").unwrap();
        let mut altered = clinic.vault().seal(&EMAIL, "ada@example.org").unwrap();
        *altered.last_mut().unwrap() ^= 1;
        let row = |id: u8, value: &[u8]| {
            clinic.sql(&format!("INSERT INTO patients VALUES ({id}, {}, NULL)", clinic.literal(value)))
        };
        row(4, &lost);
        row(5, &altered);

        let email = column(&clinic, "patients.email");
        let missing = email["keys"].as_array().unwrap().iter().find(|key| key["state"] == "missing").unwrap();
        let key = missing["key_id"].as_str().unwrap();
        let alive = email["keys"].as_array().unwrap().iter().find(|key| key["state"] == "active").unwrap();
        assert_eq!(
            done(&clinic.run(&["purge", "patients.email", "--yes", "--json"]).json()),
            [0, 0, 0, 0],
            "it was not named"
        );
        let named = ["purge", "patients.email", "--key", key];
        let asked = clinic.run(&named).ends(4);
        says(&asked.err, &format!("patients.email {key} 1 They will be set to NULL, for good"));
        assert_eq!(column(&clinic, "patients.email")["null"], 0);
        clinic.run(&[&named[..], &["--yes"]].concat()).printed();
        let email = column(&clinic, "patients.email");
        assert_eq!([&email["null"], &email["sealed"]], [1, 4], "what was altered stays");
        let alive = ["purge", "patients.email", "--yes", "--key", alive["key_id"].as_str().unwrap()];
        says(&clinic.run(&alive).refused(1), "is there, and its values open");
        says(&clinic.run(&["purge", "--key", "12"]).refused(2), "8 hexadecimal digits");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_stops_at_a_checkpoint_and_the_same_command_goes_on() {
    use std::process::Command;
    let clinic = Clinic::with_patients(backends()[0], 200);
    let command = ["verify", "patients.email", "--batch", "1", "--rate", "50", "--json"];
    let child = clinic.run(&command).spawn();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let stopped = program::Done::from(child.wait_with_output().unwrap());
    assert_eq!(stopped.code, 130, "{}", stopped.err);
    says(&stopped.err, "stopping at the next checkpoint");
    let report: Value = serde_json::from_str(&stopped.out).unwrap();
    let [first, ..] = done(&report);
    assert!(report["interrupted"].as_bool().unwrap() && (1..150).contains(&first), "{first}");
    let rest = clinic.run(&["verify", "patients.email", "--batch", "1", "--json"]).json();
    assert_eq!(first + done(&rest)[0], 200);
}
