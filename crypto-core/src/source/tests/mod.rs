//! What the tests of root-key sources share.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod env;
mod folder;
mod list;
mod log;
mod parameters;
mod passphrase;
#[cfg(unix)]
mod permissions;
#[cfg(unix)]
mod processes;

use std::fs;
use std::path::Path;

use super::SourceError;
use crate::keys::{Fingerprint, LocalRootKey, RootKey as _, RootKeyId, RootKeys, Secret};

/// A key in both of its texts.
const HEX: &str = "f0b3a9c81d5e47260791cbe3d84fa2566be0173c9d82f45ab1c6730e2d95e8f7";
const BASE64: &str = "8LOpyB1eRyYHkcvj2E+iVmvgFzydgvRascZzDi2V6Pc=";

/// Another key.
const OTHER_BASE64: &str = "BOPZPeHFOrb/Xt3zXtkBqN4ldyoVAt4yfmZO/hdZ6eY=";

/// The fingerprint of a key in base64, found without any source.
fn fingerprint(base64: &str) -> Fingerprint {
    use base64ct::Encoding as _;
    let key = Secret::from_slice(&base64ct::Base64::decode_vec(base64).unwrap()).unwrap();
    LocalRootKey::new(RootKeyId::new("any").unwrap(), key).fingerprint()
}

/// The ids of all keys, the active one first.
fn ids(keys: &RootKeys) -> Vec<String> {
    keys.iter().map(|key| key.id().to_string()).collect()
}

/// The message of a refusal, after a look for pieces of secrets in all that the error shows.
#[track_caller]
fn refusal(result: Result<RootKeys, SourceError>, secrets: &[&str]) -> String {
    let error = result.expect_err("this source is to be refused");
    let shown = format!("{error} {error:?}");
    for secret in secrets {
        assert_no_piece(&shown, secret);
    }
    error.to_string()
}

/// Fails if six characters in a row of `secret` stand in `shown`.
#[track_caller]
fn assert_no_piece(shown: &str, secret: &str) {
    let characters: Vec<char> = secret.chars().collect();
    for window in characters.windows(6) {
        let piece: String = window.iter().collect();
        assert!(!shown.contains(&piece), "a piece of a secret is shown: {shown}");
    }
}

/// Fails unless `message` has each of `parts`.
#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing from: {message}");
    }
}

/// Writes a file that only its owner may reach.
fn write_private(path: &Path, contents: impl AsRef<[u8]>) {
    fs::write(path, contents).unwrap();
    set_mode(path, 0o600);
}

/// A folder that only its owner may reach, removed with the value.
fn private_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o700);
    folder
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_two_texts_of_the_sample_are_one_key() {
    assert_eq!(RootKeys::from_hex(HEX).unwrap().active().fingerprint(), fingerprint(BASE64));
}
