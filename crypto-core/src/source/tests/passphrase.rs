//! A key from a passphrase: what it is derived from, and what is kept.

use super::*;
use crate::source::PassphraseKdf;

const PASSPHRASE: &str = "a passphrase that has more than thirty-two characters";

/// The bytes 0 to 15, as the file holds them.
const SALT: &str = "AAECAwQFBgcICQoLDA0ODw";

/// The key's fingerprint under these parameters.
fn derive(passphrase: &str, parameters: &str) -> Fingerprint {
    let folder = private_folder();
    let path = folder.path().join("root.phc");
    write_private(&path, parameters);
    RootKeys::from_passphrase(passphrase, &path).unwrap().active().fingerprint()
}

// The expected keys are of argon2-cffi (the reference implementation) and of Python's hashlib (OpenSSL).

#[test]
fn argon2id_gives_the_key_of_the_reference_implementation() {
    let parameters = format!("$argon2id$v=19$m=19456,t=2,p=1${SALT}\n");
    assert_eq!(derive(PASSPHRASE, &parameters), fingerprint("JkkyJyDxUYBdJ87U+cyl+Cw25CY5hsOljpuAmF0uQCY="));
}

#[test]
fn pbkdf2_gives_the_key_of_another_implementation() {
    let parameters = format!("$pbkdf2-sha256$i=600000${SALT}");
    assert_eq!(derive(PASSPHRASE, &parameters), fingerprint("+q1u3lxJpyL2yZzCjSXmPnu9U6zKYCrzYxfTbzDKauM="));
}

#[test]
fn a_passphrase_is_the_same_in_either_unicode_form_and_with_a_line_end() {
    let parameters = format!("$argon2id$v=19$m=32768,t=3,p=2${SALT}");
    let expected = fingerprint("oawcqQvNeHndzcRKzatpIWJmHRaFPo+o11ZwtcN/hHw=");
    for passphrase in [
        "Z\u{fc}rich\u{2013}Gen\u{e8}ve, a passphrase over thirty-two characters",
        "Zu\u{308}rich\u{2013}Gene\u{300}ve, a passphrase over thirty-two characters\r\n",
    ] {
        assert_eq!(derive(passphrase, &parameters), expected);
    }
}

#[test]
fn another_passphrase_salt_or_cost_is_another_key() {
    let one = derive(PASSPHRASE, &format!("$argon2id$v=19$m=19456,t=2,p=1${SALT}"));
    for (passphrase, parameters) in [
        (format!("{PASSPHRASE} "), format!("$argon2id$v=19$m=19456,t=2,p=1${SALT}")),
        (PASSPHRASE.to_owned(), format!("$argon2id$v=19$m=19456,t=3,p=1${SALT}")),
        (PASSPHRASE.to_owned(), format!("$argon2id$v=19$m=19456,t=2,p=1${}", SALT.replace("AAE", "BAE"))),
    ] {
        assert_ne!(derive(&passphrase, &parameters), one);
    }
}

#[test]
fn a_passphrase_has_at_least_32_characters() {
    let folder = private_folder();
    let path = folder.path().join("root.phc");
    // The third has 32 characters before it is composed, and the last before its line ends are taken off.
    let (base, cut) = (&BASE64[..31], &BASE64[..30]);
    for short in ["", base, &format!("e\u{301}{cut}"), &format!("{base}\n\n")] {
        let message = refusal(RootKeys::from_passphrase(short, &path), &[BASE64]);
        assert_says(&message, &["fewer than 32 characters"]);
    }
    assert!(!path.exists(), "nothing is made for a passphrase that is refused");
    RootKeys::from_passphrase(&PASSPHRASE[..32], &path).unwrap();
    RootKeys::from_passphrase(&"é".repeat(32), &path).unwrap();
}

#[test]
fn the_salt_is_random_and_kept() {
    let folder = private_folder();
    let (path, other) = (folder.path().join("root.phc"), folder.path().join("other.phc"));
    let first = RootKeys::from_passphrase(PASSPHRASE, &path).unwrap();
    let file = fs::read_to_string(&path).unwrap();
    assert!(file.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{file}");
    assert_eq!(file.len(), "$argon2id$v=19$m=19456,t=2,p=1$\n".len() + 22);

    let again = RootKeys::from_passphrase(PASSPHRASE, &path).unwrap();
    assert_eq!(again.active().fingerprint(), first.active().fingerprint());
    assert_eq!(ids(&again), [format!("key-{}", first.active().fingerprint())]);
    assert_eq!(fs::read_to_string(&path).unwrap(), file, "the file is never written again");

    let elsewhere = RootKeys::from_passphrase(PASSPHRASE, &other).unwrap();
    assert_ne!(elsewhere.active().fingerprint(), first.active().fingerprint());
}

#[test]
fn the_function_is_that_of_the_file() {
    let folder = private_folder();
    let path = folder.path().join("root.phc");
    let with = |kdf| RootKeys::from_passphrase_with(PASSPHRASE, &path, kdf);
    let first = with(PassphraseKdf::Pbkdf2Sha256).unwrap();
    let again = RootKeys::from_passphrase(PASSPHRASE, &path).unwrap();
    assert_eq!(again.active().fingerprint(), first.active().fingerprint());
    let message = refusal(with(PassphraseKdf::Argon2id), &[]);
    assert_says(&message, &[path.to_str().unwrap(), "is for pbkdf2-sha256", "argon2id is asked for"]);
}

#[test]
fn first_uses_at_once_agree_on_one_salt() {
    let folder = private_folder();
    let path = folder.path().join("root.phc");
    let prints: Vec<Fingerprint> = std::thread::scope(|scope| {
        let open = || RootKeys::from_passphrase(PASSPHRASE, &path).unwrap().active().fingerprint();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(prints.iter().all(|print| *print == prints[0]), "{prints:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_place_that_cannot_keep_the_salt_is_refused() {
    let folder = private_folder();
    let path = folder.path().join("missing").join("root.phc");
    let message = refusal(RootKeys::from_passphrase(BASE64, &path), &[BASE64]);
    assert_says(&message, &["cannot write in the folder", "missing"]);
}
