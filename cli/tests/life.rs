//! `keys create`, `activate`, `retire`, `destroy` and `rewrap`: whole rotations, by the command alone.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at what it did not expect"
)]

mod program;

use std::fs;

use diesel_encrypted::{Class, Field, Index, Normalizer, Storage, Vault, accounts, users::UserId};
use program::{
    clinic::{Clinic, EMAIL, NOTE, backends},
    says,
};
use serde_json::Value;

const INDEX: &str = "index:patients.email:default";

/// The keys of this name, as `(id, state)`, by version.
fn keys(clinic: &Clinic, name: &str) -> Vec<(String, String)> {
    let keys = clinic.run_without_keys(&["keys", "list", "--json"]).json();
    let named = keys.as_array().unwrap().iter().filter(|key| key["name"] == name);
    named.map(|key| (key["key_id"].as_str().unwrap().to_owned(), key["state"].as_str().unwrap().to_owned())).collect()
}

fn states(clinic: &Clinic, name: &str) -> Vec<String> {
    keys(clinic, name).into_iter().map(|(_, state)| state).collect()
}

fn column(clinic: &Clinic, name: &str) -> Value {
    let status = clinic.run_without_keys(&["status", "--json"]).json();
    status.as_array().unwrap().iter().find(|column| column["column"] == name).unwrap().clone()
}

/// Runs the query that a refusal names, which counts what it says.
fn counts(clinic: &Clinic, refusal: &str, rows: &str) {
    let (_, query) = refusal.trim().split_once("They are counted by: ").unwrap();
    let counted = clinic.texts(&format!("SELECT CAST(({query}) AS char(9))"));
    assert_eq!(counted.first().unwrap().trim(), rows, "{query}");
}

#[test]
fn a_data_key_is_rotated_and_the_old_one_destroyed_once_no_value_needs_it() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 4);
        let sealed = clinic.vault().seal(&EMAIL, "ada@example.org").unwrap();
        says(&clinic.run(&["keys", "activate", "patients.email"]).refused(1), "none of its keys is pending");
        says(&clinic.run(&["keys", "create", "patients.email"]).printed(), "encrypt patients.email 2 pending 20");
        says(&clinic.run(&["keys", "activate", "patients.email"]).refused(1), "give --restarted");
        clinic.run(&["keys", "activate", "patients.email", "--restarted"]).printed();
        assert_eq!(states(&clinic, "patients.email"), ["retired", "active"]);

        let old = keys(&clinic, "patients.email")[0].0.clone();
        let destroy = ["keys", "destroy", &old, "--restarted"];
        let needed = clinic.run(&[&destroy[..], &["--yes"]].concat()).refused(1);
        says(&needed, "4 values still need key");
        counts(&clinic, &needed, "4");
        clinic.run(&["rotate", "patients.email"]).printed();
        counts(&clinic, &needed, "0");
        says(&clinic.run(&destroy).refused(4), "No value needs it.");
        assert_eq!(states(&clinic, "patients.email"), ["retired", "active"]);
        says(&clinic.run(&["keys", "destroy", &old, "--yes"]).refused(1), "lease");
        clinic.run(&[&destroy[..], &["--yes"]].concat()).printed();
        assert_eq!(states(&clinic, "patients.email"), ["destroyed", "active"]);
        clinic.run(&["verify"]).printed();
        let lost = clinic.vault().open::<String>(&EMAIL, sealed).unwrap_err().to_string();
        assert!(lost.contains("was destroyed"), "{lost}");
    }
}

#[test]
fn an_index_key_is_rotated_with_every_row_found() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 4);
        clinic.run(&["keys", "create", INDEX]).printed();
        clinic.run(&["keys", "activate", "--every", "index", "--restarted"]).printed();
        let old = keys(&clinic, INDEX)[0].0.clone();
        let destroy = ["keys", "destroy", &old, "--restarted", "--yes"];
        let needed = clinic.run(&destroy).refused(1);
        says(&needed, "4 values still need key");
        counts(&clinic, &needed, "4");
        clinic.run(&["reindex"]).printed();
        counts(&clinic, &needed, "0");
        assert_eq!(column(&clinic, "patients.email")["indexes"][0]["generations"]["2"], 4);
        clinic.run(&destroy).printed();
        assert_eq!(states(&clinic, INDEX), ["destroyed", "active"]);
        clinic.run(&["verify"]).printed();
    }
}

#[test]
fn the_key_that_vouches_for_users_is_rotated_by_its_purpose() {
    for dialect in backends() {
        let clinic = Clinic::new(dialect);
        says(&clinic.run(&["keys", "create", "--users"]).refused(1), "selects no key");
        let opened = || clinic.open(Vault::builder(clinic.root_keys()).users());
        let first = opened().authority().unwrap().key_id();
        says(&clinic.run(&["keys", "list"]).printed(), &format!("{first:08x} users 1 active"));
        says(&clinic.run(&["keys", "create", "--users"]).printed(), "users 2 pending 20");
        clinic.run(&["keys", "activate", "--users", "--restarted"]).printed();
        let authority = opened().authority().unwrap();
        assert!(authority.key_id() != first && authority.has_key(first));
        says(&clinic.run(&["keys", "retire", &format!("{:08x}", authority.key_id())]).refused(1), "which is in use");
    }
}

#[test]
fn the_key_that_vouches_for_users_is_destroyed_once_no_account_needs_it() {
    for dialect in backends() {
        let clinic = Clinic::new(dialect);
        let opened = || clinic.open(Vault::builder(clinic.root_keys()).users());
        let first = opened().authority().unwrap();
        let old = format!("{:08x}", first.key_id());
        clinic.run(&["keys", "create", "--users"]).printed();
        clinic.run(&["keys", "activate", "--users", "--restarted"]).printed();
        let destroy = ["keys", "destroy", &old, "--restarted", "--yes"];
        says(&clinic.run(&destroy).refused(1), "count the values that need it");

        for statement in accounts::tables().up(dialect).split_inclusive(';').filter(|part| part.contains("CREATE")) {
            clinic.sql(statement);
        }
        let record = first.record(&first.create(UserId::of(&7_i64).unwrap()).unwrap(), None).unwrap();
        let [scope, user, check, mac] =
            [&[0], record.user.as_bytes(), &record.check[..], &record.mac].map(|bytes| clinic.literal(bytes));
        let (by, key, version) = (record.authority_key_id, record.key_id, record.version);
        clinic.sql(&format!(
            "INSERT INTO encryption_users (scope, user_id, authority_key_id, key_id, version, check_value, mac) \
             VALUES ({scope}, {user}, {by}, {key}, {version}, {check}, {mac})"
        ));
        let needed = clinic.run(&destroy).refused(1);
        says(&needed, "1 values still need key");
        says(&needed, "reauthenticate");
        says(&needed, "encryption_users WHERE authority_key_id");
        clinic.sql("DELETE FROM encryption_users");
        clinic.run(&destroy).printed();
        assert!(!opened().authority().unwrap().has_key(first.key_id()));
    }
}

#[test]
fn a_key_that_values_need_is_destroyed_only_if_it_is_named_twice() {
    let clinic = Clinic::with_patients(backends()[0], 2);
    clinic.run(&["keys", "create", "patients.note"]).printed();
    clinic.run(&["keys", "activate", "patients.note", "--restarted"]).printed();
    let old = keys(&clinic, "patients.note")[0].0.clone();
    let destroy = ["keys", "destroy", &old, "--restarted"];
    says(&clinic.run(&[&destroy[..], &["--force", "00000001"]].concat()).refused(2), "names another key");
    let force = [&destroy[..], &["--force", &old]].concat();
    says(&clinic.run(&force).refused(4), "2 values need it: NOBODY WILL EVER READ THEM AGAIN");
    assert_eq!(states(&clinic, "patients.note"), ["retired", "active"]);
    clinic.run(&[&force[..], &["--yes"]].concat()).printed();
    says(&clinic.run(&["verify", "patients.note"]).refused(3), "was destroyed");
    clinic.run(&["purge", "patients.note", "--yes"]).printed();
    clinic.run(&["verify"]).printed();
}

#[test]
fn a_key_of_an_index_that_was_removed_retires_and_one_in_use_does_not() {
    static REMOVED: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
        .primary_key(&["id"])
        .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase]).removed()]);
    for dialect in backends() {
        let clinic = Clinic::new(dialect);
        let key = keys(&clinic, INDEX)[0].0.clone();
        says(&clinic.run(&["keys", "retire", &key]).refused(1), "is the active one of");
        clinic.vault_of(&[&REMOVED, &NOTE]);
        clinic.run(&["keys", "retire", &key]).printed();
        assert_eq!(states(&clinic, INDEX), ["retired"]);
    }
}

#[test]
fn data_keys_are_wrapped_by_a_new_root_key_and_the_old_one_is_not_needed() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 2);
        clinic.run(&["keys", "generate", "--folder", "keys", "--id", "root-2"]).printed();
        let rewrap = ["keys", "rewrap", "--root-key-folder", "keys", "--root-key-active", "root-2"];
        let done = clinic.run(&rewrap).printed();
        says(&done, "needed from now on: root-2 (");
        assert!(!done.contains("root-1"), "{done}");
        fs::rename(clinic.path("keys/root-1.key"), clinic.path("root-1.key")).unwrap();
        clinic.run(&["verify"]).printed();
        says(&clinic.run(&["keys", "rewrap"]).printed(), "0 keys wrapped anew");

        // From one folder to another, as when an application is moved.
        clinic.run(&["keys", "generate", "--folder", "third", "--id", "root-3"]).printed();
        let moved = ["keys", "rewrap", "--root-key-folder", "third", "--old-root-key-folder", "keys"];
        says(&clinic.run(&moved).printed(), "needed from now on: root-3 (");
        clinic.run(&["verify", "--root-key-folder", "third"]).printed();
        says(&clinic.run(&["verify"]).refused(5), "wrapped by root key `root-3`");
    }
}

#[test]
fn the_values_of_a_key_in_a_text_column_are_counted_by_its_query() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 3);
        clinic.run(&["keys", "create", "patients.note"]).printed();
        clinic.run(&["keys", "activate", "patients.note", "--restarted"]).printed();
        clinic.vault();
        let old = keys(&clinic, "patients.note")[0].0.clone();
        let needed = clinic.run(&["keys", "destroy", &old, "--restarted"]).refused(1);
        counts(&clinic, &needed, "3");
        clinic.run(&["rotate", "patients.note"]).printed();
        counts(&clinic, &needed, "0");
    }
}

#[test]
fn a_key_that_has_sealed_what_it_may_is_found_by_doctor() {
    let clinic = Clinic::with_patients(diesel_encrypted::sql::Dialect::Sqlite, 1);
    let used = |count: u64| {
        clinic.sql(&format!(
            "UPDATE encryption_keys SET sealed_count = {count} WHERE name = CAST('patients.note' AS BLOB)"
        ));
        clinic.run(&["doctor"]).ends(3).out
    };
    assert!(!used((1 << 31) - 1).contains("has sealed"));
    says(&used(1 << 31), "WARN patients.note, key");
    says(&used(1 << 31), "has sealed 2147483648 of the 4294967296 values it may: create and activate another");
    says(&used(1 << 32), "FAIL patients.note, key");
    let listed = clinic.run_without_keys(&["keys", "list", "--json"]).json();
    let note = listed.as_array().unwrap().iter().find(|key| key["name"] == "patients.note").unwrap();
    assert_eq!(note["sealed_count"], 1_u64 << 32);
}

#[test]
fn root_keys_are_moved_from_a_folder_of_several() {
    let clinic = Clinic::with_patients(diesel_encrypted::sql::Dialect::Sqlite, 1);
    clinic.run(&["keys", "generate", "--folder", "keys", "--id", "a-newer-one"]).printed();
    clinic.run(&["keys", "generate", "--folder", "new", "--id", "root-3"]).printed();
    let moved = clinic
        .run_without_keys(&["keys", "rewrap", "--root-key-folder", "new", "--old-root-key-folder", "keys"])
        .printed();
    says(&moved, "needed from now on: root-3");
    clinic.run_without_keys(&["verify", "--root-key-folder", "new"]).printed();
}
