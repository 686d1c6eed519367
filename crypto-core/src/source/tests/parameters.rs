//! The file of a passphrase's parameters: the form it has, and the bounds that an altered one does not pass.

use super::*;
use crate::source::PassphraseKdf;
use crate::source::parameters::Parameters;

const SALT: &str = "AAECAwQFBgcICQoLDA0ODw";

fn parse(line: &str) -> Result<Parameters, SourceError> {
    Parameters::parse(Path::new("root.phc"), line)
}

#[track_caller]
fn refused(line: &str) -> String {
    let error = parse(line).expect_err("these parameters are to be refused");
    let shown = format!("{error} {error:?}");
    assert_no_piece(&shown, SALT);
    assert_says(&shown, &["root.phc"]);
    error.to_string()
}

#[test]
fn what_is_written_is_read_back() {
    for kdf in [PassphraseKdf::Argon2id, PassphraseKdf::Pbkdf2Sha256] {
        let parameters = Parameters::generate(kdf).unwrap();
        let line = parameters.to_line(Path::new("root.phc")).unwrap();
        assert_eq!(parse(&line).unwrap(), parameters);
        assert_eq!(parameters.kdf(), kdf);
        assert_ne!(Parameters::generate(kdf).unwrap(), parameters, "the salt is random");
        assert_no_piece(&format!("{parameters:?}"), line.trim().rsplit('$').next().unwrap());
    }
}

#[test]
fn costs_within_the_bounds_are_read() {
    for line in [
        format!("$argon2id$v=19$m=19456,t=2,p=1${SALT}"),
        format!("$argon2id$v=19$m=262144,t=16,p=16${SALT}"),
        format!("$pbkdf2-sha256$i=600000${SALT}"),
        format!("$pbkdf2-sha256$i=10000000${SALT}"),
    ] {
        parse(&line).unwrap();
    }
}

#[test]
fn costs_beyond_the_bounds_are_refused_by_name() {
    for (costs, says) in [
        ("argon2id$v=19$m=19455,t=2,p=1", "m=19455, and it is to be from 19456 to 262144"),
        ("argon2id$v=19$m=8,t=2,p=1", "m=8"),
        ("argon2id$v=19$m=262145,t=2,p=1", "m=262145"),
        ("argon2id$v=19$m=4294967295,t=2,p=1", "m=4294967295"),
        ("argon2id$v=19$m=19456,t=1,p=1", "t=1, and it is to be from 2 to 16"),
        ("argon2id$v=19$m=19456,t=17,p=1", "t=17"),
        ("argon2id$v=19$m=19456,t=2,p=0", "p=0, and it is to be from 1 to 16"),
        ("argon2id$v=19$m=19456,t=2,p=17", "p=17"),
        ("pbkdf2-sha256$i=599999", "i=599999, and it is to be from 600000 to 10000000"),
        ("pbkdf2-sha256$i=1", "i=1"),
        ("pbkdf2-sha256$i=10000001", "i=10000001"),
    ] {
        assert_says(&refused(&format!("${costs}${SALT}")), &[says, "altered"]);
    }
}

#[test]
fn anything_but_the_canonical_line_is_refused() {
    for line in [
        "",
        "$",
        "$argon2id",
        "argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=19$m=19456,t=2,p=1",
        "$argon2id$v=19$m=19456,t=2,p=1$",
        // Another function or version.
        "$argon2i$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$scrypt$ln=17,r=8,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$pbkdf2-sha1$i=600000$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=16$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$pbkdf2-sha256$v=1$i=600000$AAECAwQFBgcICQoLDA0ODw",
        // Parameters missing, repeated, unknown, in another order, or not plain numbers.
        "$argon2id$v=19$m=19456,t=2$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=19$m=19456,t=2,p=1,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=19$m=19456,m=20000,t=2,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=19$m=19456,t=2,p=1,data=AAAA$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=19$t=2,m=19456,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=19$m=019456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=19$m=99999999999,t=2,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=19$m=-1,t=2,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$pbkdf2-sha256$m=600000$AAECAwQFBgcICQoLDA0ODw",
        // A salt that is short, long, padded, or has stray bits; a hash after it.
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0O",
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODxA",
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw==",
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODx",
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw\n$argon2id",
    ] {
        assert_says(&refused(line), &["does not hold a passphrase's parameters", "backup"]);
    }
}

#[test]
fn an_altered_file_is_refused_before_anything_is_derived() {
    let folder = private_folder();
    let path = folder.path().join("root.phc");
    write_private(&path, format!("$argon2id$v=19$m=4194304,t=16,p=1${SALT}"));
    let begin = std::time::Instant::now();
    assert_says(&refusal(RootKeys::from_passphrase(BASE64, &path), &[BASE64, SALT]), &["m=4194304"]);
    assert!(begin.elapsed() < std::time::Duration::from_secs(5));
}
