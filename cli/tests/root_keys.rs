//! `keys generate` and `keys fingerprint`: what is made is what the library reads.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test stops at what it did not expect")]

mod program;

use std::{fs, path::Path};

use program::{run_in, says};
use tempfile::tempdir;

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_key_is_made_for_its_owner_alone_and_read_by_what_names_it() {
    let folder = tempdir().unwrap();
    let here = folder.path();
    for (made, used, path) in [
        (vec!["--file", "root.hex"], vec!["--root-key-file", "root.hex"], "root.hex"),
        (vec!["--folder", "keys"], vec!["--root-key-folder", "keys"], ""),
        (vec!["--folder", "named", "--id", "root-2026"], vec!["--root-key-folder", "named"], "named/root-2026.key"),
    ] {
        let made = run_in(here, &[vec!["keys", "generate", "--json"], made].concat()).json();
        let keys = run_in(here, &[vec!["keys", "fingerprint", "--json"], used].concat()).json();
        assert_eq!(keys[0]["fingerprint"], made["fingerprint"]);
        assert_eq!((&keys[0]["id"], &keys[0]["active"]), (&made["id"], &true.into()));
        assert!(made.get("key").is_none(), "{made}");
        let written = here.join(made["path"].as_str().unwrap());
        assert!(path.is_empty() || written == here.join(path));
        #[cfg(unix)]
        assert_eq!(mode(&written), 0o600);
    }
    #[cfg(unix)]
    assert_eq!(mode(&here.join("keys")), 0o700);
}

#[test]
fn a_printed_key_stands_alone_on_standard_output_and_is_stored_nowhere() {
    let folder = tempdir().unwrap();
    let here = folder.path();
    let hex = run_in(here, &["keys", "generate", "--print", "hex"]).ends(0);
    let keys = run_in(here, &["keys", "fingerprint", "--json"]).var("ENCRYPTION_KEY", hex.out.trim()).json();
    says(&hex.err, keys[0]["fingerprint"].as_str().unwrap());
    assert_eq!((hex.out.len(), hex.err.contains(hex.out.trim())), (65, false));

    let line = run_in(here, &["keys", "generate", "--print", "line", "--id", "root-2026"]).printed();
    let keys = run_in(here, &["keys", "fingerprint", "--json"]).var("ENC_KEYS", line.trim()).json();
    assert_eq!(keys[0]["id"], "root-2026");
    assert_eq!(fs::read_dir(here).unwrap().count(), 0);
}

#[test]
fn a_key_is_never_written_over_another() {
    let folder = tempdir().unwrap();
    let generate = |arguments: &[&str]| run_in(folder.path(), &[&["keys", "generate"], arguments].concat());
    for arguments in [&["--file", "root.hex"][..], &["--folder", "keys", "--id", "root-1"]] {
        generate(arguments).printed();
        let written = |path: &str| fs::read(folder.path().join(path)).unwrap_or_default();
        let before = (written("root.hex"), written("keys/root-1.key"));
        says(&generate(arguments).refused(5), "exists, and no key is ever written over another");
        assert_eq!((written("root.hex"), written("keys/root-1.key")), before);
    }
    says(&generate(&[]).refused(2), "required arguments were not provided");
    says(&generate(&["--file", "x", "--print", "hex"]).refused(2), "cannot be used with");
    says(&generate(&["--file", "x", "--id", "root-1"]).refused(2), "called after its fingerprint");
    says(&generate(&["--folder", "keys", "--id", "../x"]).refused(5), "2 to 64 letters");
}

#[test]
fn no_key_is_made_where_one_is_only_looked_for() {
    let folder = tempdir().unwrap();
    let here = folder.path();
    let fingerprint = |arguments: &[&str]| run_in(here, &[&["keys", "fingerprint"], arguments].concat()).refused(5);
    says(&fingerprint(&["--root-key-folder", "keys"]), "cannot read keys");
    fs::create_dir(here.join("keys")).unwrap();
    says(&fingerprint(&["--root-key-folder", "keys"]), "keys has no <id>.key file");
    assert_eq!(fs::read_dir(here.join("keys")).unwrap().count(), 0);
    says(&fingerprint(&[]), "no root key is configured");
    fs::write(here.join("phrase"), "a passphrase that is long enough for this").unwrap();
    let by_passphrase = ["--root-passphrase-file", "phrase", "--root-passphrase-parameters", "salt.phc"];
    says(&fingerprint(&by_passphrase), "no file salt.phc");
    assert!(!here.join("salt.phc").exists());
}

#[cfg(unix)]
#[test]
fn an_option_stands_in_for_every_variable_and_loose_files_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempdir().unwrap();
    let here = folder.path();
    run_in(here, &["keys", "generate", "--file", "root.hex"]).printed();
    let fingerprint =
        || run_in(here, &["keys", "fingerprint", "--root-key-file", "root.hex"]).var("ENC_KEYS", "no key at all");
    fingerprint().printed();
    fs::set_permissions(here.join("root.hex"), fs::Permissions::from_mode(0o640)).unwrap();
    says(&fingerprint().refused(5), "run `chmod 600 'root.hex'`");
}
