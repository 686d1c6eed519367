//! Columns that were dropped or renamed: reported, forgotten, and their keys destroyed.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test stops at what it did not expect")]

mod program;

use diesel_encrypted::{Class, Field, Index, Normalizer, Storage};
use program::{
    clinic::{Clinic, EMAIL, backends},
    says,
};

/// The note under a new name, with its old identity.
static RENAMED: Field =
    Field::new("patients.note", "patients", "remark", Class::Text, Storage::Text).primary_key(&["id"]);

/// Another table with the index keys of the same domain.
static VISITOR: Field = Field::new("visits.email", "visits", "email", Class::Text, Storage::Binary)
    .primary_key(&["id"])
    .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase]).domain("contact")]);
static CONTACT: Field = Field::new("patients.contact", "patients", "email", Class::Text, Storage::Binary)
    .primary_key(&["id"])
    .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase]).domain("contact")]);

/// The id of the key of this name in this state.
fn key(clinic: &Clinic, name: &str, state: &str) -> String {
    let keys = clinic.run(&["keys", "list", "--json"]).json();
    let found = keys.as_array().unwrap().iter().find(|key| key["name"] == name && key["state"] == state);
    found.unwrap_or_else(|| panic!("{name} {state} in {keys}"))["key_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_dropped_column_is_reported_and_forgotten_and_its_keys_destroyed() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 3);
        let refused = clinic.run(&["forget", "patients.note", "--yes"]).refused(1);
        says(&refused, "the column of `patients.note` holds 3 sealed values");
        says(&clinic.run(&["forget", "patients.nte"]).refused(2), "There are: patients.email, patients.note");

        clinic.sql("ALTER TABLE patients DROP COLUMN note");
        let status = clinic.run_without_keys(&["status"]).printed();
        says(&status, "patients.note - - - missing -");
        says(&status, "patients.email 0 0 3 100% 100%");
        let status = clinic.run_without_keys(&["status", "--json"]).json();
        assert_eq!((&status[0]["missing"], &status[1]["missing"]), (&false.into(), &true.into()));
        says(&clinic.run(&["verify"]).refused(1), "forgotten by `diesel-encrypted forget`");
        says(&clinic.run(&["doctor"]).ends(3).out, "FAIL patients.note: the database has no such column");
        let in_use = clinic.run(&["keys", "retire", &key(&clinic, "patients.note", "active")]).refused(1);
        says(&in_use, "which is in use");

        let asked = clinic.run(&["forget", "patients.note"]).refused(4);
        says(&asked, "patients.note will be forgotten: the database has no such column.");
        let forgotten = clinic.run(&["forget", "patients.note", "--yes"]).printed();
        let note = key(&clinic, "patients.note", "active");
        says(&forgotten, &format!("{note} encrypt patients.note 1 active"));
        says(&forgotten, "`keys retire`, and then `keys destroy` them");
        assert!(!clinic.run(&["status"]).printed().contains("note"));
        clinic.run(&["verify"]).printed();

        clinic.run(&["keys", "retire", &note]).printed();
        let uncounted = clinic.run(&["keys", "destroy", &note, "--restarted", "--yes"]).refused(1);
        says(&uncounted, "count the values that need it before it is destroyed, or force it by its id");
        clinic.run(&["keys", "destroy", &note, "--restarted", "--force", &note, "--yes"]).printed();
        assert_eq!(key(&clinic, "patients.note", "destroyed"), note);
        // The application without the column.
        clinic.vault_of(&[&EMAIL]);
    }
}

#[test]
fn a_forgotten_column_that_is_still_declared_is_registered_again() {
    let clinic = Clinic::with_patients(diesel_encrypted::sql::Dialect::Sqlite, 3);
    let forgotten = clinic.run(&["forget", "patients", "--force", "patients.note", "--yes"]).refused(1);
    says(&forgotten, "`patients.email` holds 3 sealed values");
    let declined = clinic.run(&["forget", "patients.note", "--force", "patients.note"]).refused(4);
    says(&declined, "ITS 3 SEALED VALUES");
    clinic.run(&["forget", "patients.note", "--force", "patients.note", "--yes"]).printed();
    assert!(!clinic.run(&["status"]).printed().contains("note"));
    clinic.vault();
    says(&clinic.run(&["status"]).printed(), "patients.note 0 0 3 100% 100%");
    clinic.run(&["verify"]).printed();
}

#[test]
fn a_renamed_column_keeps_its_keys_by_its_pinned_identity() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 3);
        clinic.sql("ALTER TABLE patients RENAME COLUMN note TO remark");
        says(&clinic.run(&["status"]).printed(), "patients.note - - - missing -");
        clinic.vault_of(&[&EMAIL, &RENAMED]);
        says(&clinic.run(&["status"]).printed(), "patients.remark 0 0 3 100% 100%");
        clinic.run(&["verify"]).printed();
        says(&clinic.run(&["doctor"]).ends(3).out, "ok patients.remark: ");
    }
}

#[test]
fn keys_that_another_field_shares_are_not_said_to_be_unused() {
    let clinic = Clinic::empty(diesel_encrypted::sql::Dialect::Sqlite);
    clinic.sql("CREATE TABLE patients (id integer PRIMARY KEY, email blob)");
    clinic.sql("CREATE TABLE visits (id integer PRIMARY KEY, email blob)");
    clinic.vault_of(&[&CONTACT, &VISITOR]);
    let one = clinic.run(&["forget", "visits.email", "--yes"]).printed();
    assert!(one.contains("visits.email") && !one.contains("domain:contact"), "{one}");
    let other = clinic.run(&["forget", "patients.contact", "--yes"]).printed();
    assert!(other.contains("patients.contact") && other.contains("domain:contact"), "{other}");
}
