//! The environment: one source, its companions, and nothing ignored.

use std::ffi::OsString;

use super::*;

/// Root keys from these variables and no others.
fn from(variables: &[(&str, &str)]) -> Result<RootKeys, SourceError> {
    RootKeys::from_vars(|name| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| OsString::from(value))
    })
}

#[test]
fn without_a_source_all_are_listed_with_how_to_make_a_key() {
    let message = refusal(from(&[]), &[]);
    for source in super::super::env::SOURCES {
        assert_says(&message, &[source]);
    }
    assert_says(&message, &["ENC_KEY_ACTIVE", "ENCRYPTION_PASSPHRASE_PARAMETERS", "openssl rand -hex 32"]);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    assert_says(&refusal(from(&[("ENCRYPTION_KEY", ""), ("ENC_KEYS", "")]), &[]), &["no root key is configured"]);
    from(&[("ENCRYPTION_KEY", HEX), ("ENC_KEYS", ""), ("ENC_KEY_ACTIVE", "")]).unwrap();
}

#[test]
fn any_two_sources_are_refused_by_both_names() {
    let sources = super::super::env::SOURCES;
    for first in sources {
        for second in sources.into_iter().filter(|second| *second != first) {
            let message = refusal(from(&[(first, HEX), (second, HEX)]), &[HEX]);
            assert_says(&message, &[first, second, "both set"]);
        }
    }
}

#[test]
fn encryption_key_is_a_hexadecimal_key() {
    assert_eq!(from(&[("ENCRYPTION_KEY", HEX)]).unwrap().active().fingerprint(), fingerprint(BASE64));
    let message = refusal(from(&[("ENCRYPTION_KEY", &HEX[1..])]), &[HEX]);
    assert_says(&message, &["ENCRYPTION_KEY has 63 characters", "openssl rand -hex 32"]);
}

#[test]
fn an_id_in_enc_keys_has_2_to_20_characters() {
    for len in [2, 20] {
        let id = "a".repeat(len);
        let keys = from(&[("ENC_KEYS", &format!("{id}/{BASE64}")), ("ENC_KEY_ACTIVE", &id)]).unwrap();
        assert_eq!(ids(&keys), [id]);
    }
    for len in [1, 21] {
        let message = refusal(from(&[("ENC_KEYS", &format!("{}/{BASE64}", "a".repeat(len)))]), &[BASE64]);
        assert_says(&message, &["line 1 of ENC_KEYS", "2 to 20"]);
    }
}

#[test]
fn encryption_key_file_is_the_path_of_a_hexadecimal_key() {
    let folder = private_folder();
    let path = folder.path().join("root.hex");
    write_private(&path, format!("{HEX}\n"));
    let path = path.to_str().unwrap();
    assert_eq!(from(&[("ENCRYPTION_KEY_FILE", path)]).unwrap().active().fingerprint(), fingerprint(BASE64));

    write_private(Path::new(path), &HEX[1..]);
    assert_says(&refusal(from(&[("ENCRYPTION_KEY_FILE", path)]), &[HEX]), &[path, "63 characters"]);
    std::fs::remove_file(path).unwrap();
    assert_says(&refusal(from(&[("ENCRYPTION_KEY_FILE", path)]), &[]), &["cannot read", path]);
}

#[test]
fn enc_keys_is_a_list_and_enc_key_active_chooses() {
    let lines = format!("\nfirst/{BASE64}\nsecond/{OTHER_BASE64}\n");
    let keys = from(&[("ENC_KEYS", &lines), ("ENC_KEY_ACTIVE", "first")]).unwrap();
    assert_eq!(ids(&keys), ["first", "second"]);
    let message = refusal(from(&[("ENC_KEYS", &lines), ("ENC_KEY_ACTIVE", "third")]), &[BASE64, OTHER_BASE64]);
    assert_says(&message, &["ENC_KEYS", "first, second"]);
    let message = refusal(from(&[("ENC_KEYS", &lines.replace("second/", "/"))]), &[BASE64, OTHER_BASE64]);
    assert_says(&message, &["line 3 of ENC_KEYS"]);
}

#[test]
fn encryption_field_key_path_is_a_folder_and_enc_key_active_chooses() {
    let folder = private_folder();
    write_private(&folder.path().join("first.key"), BASE64);
    write_private(&folder.path().join("second.key"), OTHER_BASE64);
    let path = folder.path().to_str().unwrap();
    let keys = from(&[("ENCRYPTION_FIELD_KEY_PATH", path), ("ENC_KEY_ACTIVE", "second")]).unwrap();
    assert_eq!(ids(&keys), ["second", "first"]);
    assert_says(&refusal(from(&[("ENCRYPTION_FIELD_KEY_PATH", path)]), &[]), &[path, "first, second"]);
}

#[test]
fn a_passphrase_comes_from_a_variable_or_a_file_and_needs_its_parameters() {
    let folder = private_folder();
    let parameters = folder.path().join("root.phc");
    let parameters = parameters.to_str().unwrap();
    let secret = folder.path().join("passphrase");
    write_private(&secret, format!("{BASE64}\n"));
    let secret = secret.to_str().unwrap();

    let message = refusal(from(&[("ENCRYPTION_PASSPHRASE", BASE64)]), &[BASE64]);
    assert_says(&message, &["ENCRYPTION_PASSPHRASE is set without ENCRYPTION_PASSPHRASE_PARAMETERS"]);

    let one = from(&[("ENCRYPTION_PASSPHRASE", BASE64), ("ENCRYPTION_PASSPHRASE_PARAMETERS", parameters)]).unwrap();
    let two =
        from(&[("ENCRYPTION_PASSPHRASE_FILE", secret), ("ENCRYPTION_PASSPHRASE_PARAMETERS", parameters)]).unwrap();
    assert_eq!(one.active().fingerprint(), two.active().fingerprint());

    let short = [("ENCRYPTION_PASSPHRASE", &BASE64[..31]), ("ENCRYPTION_PASSPHRASE_PARAMETERS", parameters)];
    assert_says(&refusal(from(&short), &[BASE64]), &["ENCRYPTION_PASSPHRASE has fewer than 32"]);
}

#[test]
fn the_function_of_a_new_passphrase_key_can_be_chosen() {
    let folder = private_folder();
    let path = folder.path().join("root.phc");
    let with = |kdf| {
        from(&[
            ("ENCRYPTION_PASSPHRASE", BASE64),
            ("ENCRYPTION_PASSPHRASE_PARAMETERS", path.to_str().unwrap()),
            ("ENCRYPTION_PASSPHRASE_KDF", kdf),
        ])
    };
    assert_says(&refusal(with("scrypt"), &[BASE64]), &["argon2id", "pbkdf2-sha256"]);
    assert!(!path.exists());
    with("pbkdf2-sha256").unwrap();
    assert!(fs::read_to_string(&path).unwrap().starts_with("$pbkdf2-sha256$i=600000$"));
    assert_says(&refusal(with("argon2id"), &[BASE64]), &["is for pbkdf2-sha256", "argon2id", "another key"]);
}

#[test]
fn a_variable_that_the_source_does_not_use_is_refused() {
    for (variable, source) in [
        ("ENC_KEY_ACTIVE", "ENCRYPTION_KEY"),
        ("ENCRYPTION_PASSPHRASE_PARAMETERS", "ENC_KEYS"),
        ("ENCRYPTION_PASSPHRASE_KDF", "ENCRYPTION_FIELD_KEY_PATH"),
        ("ENC_KEY_ACTIVE", "ENCRYPTION_PASSPHRASE"),
    ] {
        let message = refusal(from(&[(variable, "x"), (source, HEX)]), &[HEX]);
        assert_says(&message, &[&format!("{variable} is set, but {source} does not use it")]);
    }
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_text_is_refused_by_name() {
    use std::os::unix::ffi::OsStringExt as _;
    let result = RootKeys::from_vars(|name| (name == "ENCRYPTION_KEY").then(|| OsString::from_vec(vec![0xff; 32])));
    assert_says(
        &refusal(result, &["\\xff\\xff", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}"]),
        &["ENCRYPTION_KEY is not UTF-8"],
    );
}
