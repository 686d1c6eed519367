//! `keys export`, `import`, `split` and `join`: what is backed up restores every value, and nothing else is restored.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at what it did not expect"
)]

mod program;

use std::fs;

use diesel_encrypted::{Vault, users::UserId};

use program::{
    clinic::{Clinic, EMAIL, backends},
    says,
};

const PASSPHRASE: &str = "correct horse battery staple";

/// Drops the key tables of a clinic, and moves its root keys away.
fn lose_the_keys(clinic: &Clinic) {
    clinic.sql("DROP TABLE encryption_keys");
    clinic.sql("DROP TABLE encrypted_columns");
    clinic.sql("DROP TABLE encryption_audit");
    fs::rename(clinic.path("keys"), clinic.path("lost")).unwrap();
}

fn back_up(clinic: &Clinic) {
    fs::write(clinic.path("phrase"), format!("{PASSPHRASE}\n")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(clinic.path("phrase"), fs::Permissions::from_mode(0o600)).unwrap();
    }
    clinic.run(&["keys", "export", "--tables", "keys.json"]).printed();
    clinic.run(&["keys", "export", "--root-keys", "root.age", "--passphrase-file", "phrase"]).printed();
}

#[test]
fn a_backup_restores_keys_that_open_every_value_on_every_database() {
    for dialect in backends() {
        let clinic = Clinic::with_patients(dialect, 3);
        let sealed = clinic.vault().seal(&EMAIL, "ada@example.org").unwrap();
        clinic.sql("UPDATE encryption_keys SET sealed_count = 1234 WHERE purpose = 1");
        let vouching = || clinic.open(Vault::builder(clinic.root_keys()).users());
        let authority = vouching().authority().unwrap();
        let record = authority.record(&authority.create(UserId::of(&7_i64).unwrap()).unwrap(), None).unwrap();
        back_up(&clinic);
        let before = clinic.run_without_keys(&["keys", "list", "--json"]).json();
        lose_the_keys(&clinic);

        let folder = ["--folder", "keys", "--passphrase-stdin"];
        let root_keys = ["keys", "import", "--root-keys", "root.age"];
        let done = clinic.run(&[&root_keys[..], &folder].concat()).reading(&format!("{PASSPHRASE}\n"));
        assert_eq!(done.code, 0, "{}", done.err);
        says(&done.out, "keys/root-1.key");
        let tables = ["keys", "import", "--tables", "keys.json"];
        says(&clinic.run(&tables).printed(), "of encryption_keys and 2 columns");
        assert_eq!(clinic.run_without_keys(&["keys", "list", "--json"]).json(), before);
        let counted = "SELECT CAST(count(*) AS char(9)) FROM encryption_keys WHERE sealed_count = 1234";
        assert_eq!(clinic.texts(counted)[0].trim(), "2", "how much a key has sealed is restored too");
        assert_eq!(clinic.vault().open::<String>(&EMAIL, sealed).unwrap(), "ada@example.org");
        vouching().authority().unwrap().authenticate(&record).unwrap();

        // Again: nothing to do.
        says(&clinic.run(&tables).printed(), "hold these rows already");
        let done = clinic.run(&[&root_keys[..], &folder].concat()).reading(&format!("{PASSPHRASE}\n"));
        assert_eq!(done.code, 0, "{}", done.err);
    }
}

#[test]
fn a_backup_holds_no_key_in_the_clear_and_sealed_root_keys_open_by_their_passphrase_alone() {
    let clinic = Clinic::new(backends()[0]);
    back_up(&clinic);
    let key = fs::read_to_string(clinic.path("keys/root-1.key")).unwrap();
    let (tables, sealed) = (fs::read(clinic.path("keys.json")).unwrap(), fs::read(clinic.path("root.age")).unwrap());
    for file in [&tables, &sealed] {
        assert!(!String::from_utf8_lossy(file).contains(key.trim()));
    }
    assert!(sealed.starts_with(b"age-encryption.org/v1\n-> scrypt "), "the format of age");
    let import = ["keys", "import", "--root-keys", "root.age", "--folder", "restored", "--passphrase-stdin"];
    let wrong = clinic.run(&import).reading("correct horse battery stapler\n");
    assert_eq!(wrong.code, 1);
    says(&wrong.err, "the passphrase is another, or the file was altered");
    let mut altered = sealed.clone();
    *altered.last_mut().unwrap() ^= 1;
    fs::write(clinic.path("root.age"), altered).unwrap();
    let done = clinic.run(&import).reading(&format!("{PASSPHRASE}\n"));
    assert_eq!(done.code, 1, "{}", done.out);
    assert!(!clinic.path("restored").exists(), "nothing is restored");
    says(&clinic.run(&import[..6]).refused(2), "there is no terminal to ask");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for file in ["keys.json", "root.age"] {
            assert_eq!(fs::metadata(clinic.path(file)).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::set_permissions(clinic.path("phrase"), fs::Permissions::from_mode(0o644)).unwrap();
        let loose = [&import[..6], &["--passphrase-file", "phrase"]].concat();
        says(&clinic.run(&loose).refused(2), "chmod 600 'phrase'");
    }
}

#[test]
fn no_backup_is_written_over_and_a_short_passphrase_is_refused() {
    let clinic = Clinic::new(backends()[0]);
    back_up(&clinic);
    says(&clinic.run(&["keys", "export", "--tables", "keys.json"]).refused(1), "cannot make the file keys.json");
    let export = ["keys", "export", "--root-keys", "again.age", "--passphrase-stdin"];
    let done = clinic.run(&export).reading("short\n");
    assert_eq!((done.code, clinic.path("again.age").exists()), (2, false), "{}", done.err);
}

#[test]
fn what_was_altered_is_neither_backed_up_nor_restored() {
    for dialect in backends() {
        let clinic = Clinic::new(dialect);
        back_up(&clinic);
        let backup = fs::read_to_string(clinic.path("keys.json")).unwrap();
        let state = |text: &str| text.replacen("\"state\": 2", "\"state\": 3", 1);
        let storage = |text: &str| text.replacen("\"storage\": \"text\"", "\"storage\": \"binary\"", 1);
        let fewer = |text: &str| {
            let mut json: serde_json::Value = serde_json::from_str(text).unwrap();
            let keys = json["keys"].as_array_mut().unwrap();
            keys.retain(|key| key["name"] != "patients.note");
            json.to_string()
        };
        let other_format = |text: &str| text.replace("key tables 1", "key tables 2");
        let cut = |text: &str| text[..text.len() / 2].to_owned();
        lose_the_keys(&clinic);
        fs::rename(clinic.path("lost"), clinic.path("keys")).unwrap();
        let earlier = |text: &str| {
            let mut json: serde_json::Value = serde_json::from_str(text).unwrap();
            json["audit"][0]["at_micros"] = 0.into();
            json.to_string()
        };
        let cases: [&dyn Fn(&str) -> String; 6] = [&state, &storage, &fewer, &earlier, &other_format, &cut];
        for (case, alter) in cases.into_iter().enumerate() {
            let altered = alter(&backup);
            assert_ne!(altered, backup, "{case}");
            fs::write(clinic.path("altered.json"), altered).unwrap();
            let done = clinic.run(&["keys", "import", "--tables", "altered.json"]).output();
            assert_eq!(done.code, 1, "{case}: {}{}", done.out, done.err);
            says(&clinic.run(&["keys", "list"]).refused(1), "no vault was ever opened");
        }
        clinic.run(&["keys", "import", "--tables", "keys.json"]).printed();
        clinic.sql("UPDATE encryption_keys SET version = version + 1 WHERE purpose = 2");
        says(
            &clinic.run(&["keys", "export", "--tables", "more.json"]).refused(1),
            "altered outside of diesel-encrypted",
        );
        assert!(!clinic.path("more.json").exists());
        says(
            &clinic.run(&["keys", "import", "--tables", "keys.json"]).refused(1),
            "keys that are not those of keys.json",
        );
    }
}

#[test]
fn a_restore_under_another_root_key_or_application_is_refused() {
    let clinic = Clinic::new(backends()[0]);
    back_up(&clinic);
    lose_the_keys(&clinic);
    clinic.run(&["keys", "generate", "--folder", "keys", "--id", "root-1"]).printed();
    says(&clinic.run(&["keys", "import", "--tables", "keys.json"]).refused(5), "wrong root key");
    fs::remove_dir_all(clinic.path("keys")).unwrap();
    fs::rename(clinic.path("lost"), clinic.path("keys")).unwrap();
    let staging = ["keys", "import", "--tables", "keys.json", "--application", "staging"];
    let refused = clinic.run(&staging).refused(1);
    says(&refused, "belong to the application `default`");
    says(&refused, "here, by --application");
    clinic.run(&["keys", "import", "--tables", "keys.json"]).printed();
}

#[test]
fn shares_restore_a_root_key_that_opens_every_value() {
    let clinic = Clinic::with_patients(backends()[0], 1);
    let sealed = clinic.vault().seal(&EMAIL, "ada@example.org").unwrap();
    says(
        &clinic.run(&["keys", "split", "--needed", "3", "--shares", "5", "shares"]).printed(),
        "any 3 of these restore",
    );
    fs::rename(clinic.path("keys"), clinic.path("lost")).unwrap();
    let share = |number: u8| format!("shares/root-1-share-{number}-of-5.txt");
    let join = |numbers: &[u8]| {
        let files: Vec<String> = numbers.iter().copied().map(share).collect();
        let files = files.iter().map(String::as_str);
        clinic.run_without_keys(&["keys", "join", "--folder", "keys"].into_iter().chain(files).collect::<Vec<_>>())
    };
    says(&join(&[1, 4]).refused(1), "needs 3 shares, and 2 were given");
    assert!(!clinic.path("keys").exists());
    says(&join(&[5, 2, 4]).printed(), "keys/root-1.key: root key root-1");
    let restored = fs::read(clinic.path("keys/root-1.key")).unwrap();
    assert_eq!(restored, fs::read(clinic.path("lost/root-1.key")).unwrap());
    assert_eq!(clinic.vault().open::<String>(&EMAIL, sealed).unwrap(), "ada@example.org");
    says(&join(&[1, 2, 3]).refused(5), "exists, and no key is ever written over");

    let text = fs::read_to_string(clinic.path(&share(1))).unwrap();
    fs::write(clinic.path(&share(1)), &text.trim_end()[..text.len() - 12]).unwrap();
    says(&join(&[1, 2, 3]).refused(1), "shares/root-1-share-1-of-5.txt holds a share that was not copied in full");
}
