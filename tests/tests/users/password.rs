//! Passwords: each opens its own lock, and no other.

use diesel_encrypted_core::{
    format::{FormatError, lock::LockKind},
    users::{Lock, PasswordCost, UnlockError, decoy_unlock},
};

use crate::world::{authority, person};

const COST: PasswordCost = PasswordCost::ARGON2ID;

#[test]
fn a_lock_opens_by_its_password_and_by_no_other() {
    let ada = person(&authority("notes", None), 7);
    let (lock, verifier) = Lock::for_password(&ada.key, "correct horse", COST).unwrap();
    assert_eq!(lock.kind(), Ok(LockKind::Password));
    assert_eq!(lock.as_bytes().len(), 135);
    let unlocked = lock.open_with_password(&ada.known, "correct horse", COST).unwrap();
    assert_eq!(unlocked.key.check_value(), ada.key.check_value());
    assert!(!unlocked.needs_upgrade);
    assert!(unlocked.login.matches(&verifier.stored()));
    for wrong in ["correct horsf", "Correct horse", "correct horse ", "c"] {
        assert_eq!(lock.open_with_password(&ada.known, wrong, COST).unwrap_err(), UnlockError::Wrong);
    }
}

#[test]
fn one_spelling_of_a_password_is_another_spelling_of_it() {
    let ada = person(&authority("notes", None), 7);
    let (lock, _) = Lock::for_password(&ada.key, "Amélie", COST).unwrap();
    assert!(lock.open_with_password(&ada.known, "Ame\u{301}lie", COST).is_ok());
}

#[test]
fn passwords_are_bounded() {
    let ada = person(&authority("notes", None), 7);
    for password in ["", &"x".repeat(4097)] {
        assert_eq!(Lock::for_password(&ada.key, password, COST).unwrap_err(), UnlockError::PasswordLength);
        assert_eq!(decoy_unlock(password, COST), UnlockError::PasswordLength);
    }
}

#[test]
fn a_changed_password_leaves_the_key_as_it_is() {
    let ada = person(&authority("notes", None), 7);
    let (old, _) = Lock::for_password(&ada.key, "old", COST).unwrap();
    let key = old.open_with_password(&ada.known, "old", COST).unwrap().key;
    let (new, _) = Lock::for_password(&key, "new", COST).unwrap();
    assert_ne!(old.id(), new.id());
    assert_eq!(new.open_with_password(&ada.known, "old", COST).unwrap_err(), UnlockError::Wrong);
    let opened = new.open_with_password(&ada.known, "new", COST).unwrap();
    assert_eq!(opened.key.check_value(), ada.key.check_value());
}

#[test]
fn a_lock_of_less_cost_or_another_function_asks_to_be_made_again() {
    let ada = person(&authority("notes", None), 7);
    let more = PasswordCost::argon2id(19_456, 3, 1).unwrap();
    for (made, wanted, upgrade) in [
        (COST, more, true),
        (more, more, false),
        (more, COST, false),
        (COST, PasswordCost::argon2id(32_768, 2, 1).unwrap(), true),
        (COST, PasswordCost::PBKDF2_SHA256, true),
        (PasswordCost::PBKDF2_SHA256, COST, true),
        (PasswordCost::PBKDF2_SHA256, PasswordCost::PBKDF2_SHA256, false),
    ] {
        let (lock, _) = Lock::for_password(&ada.key, "password", made).unwrap();
        let unlocked = lock.open_with_password(&ada.known, "password", wanted).unwrap();
        assert_eq!(unlocked.needs_upgrade, upgrade, "{made:?} where {wanted:?} is wanted");
    }
}

#[test]
fn costs_are_bounded() {
    let out = |name, found| matches!(name, Err(FormatError::CostOutOfBounds { found: f, .. }) if f == found);
    assert!(out(PasswordCost::argon2id(19_455, 2, 1), 19_455));
    assert!(out(PasswordCost::argon2id(262_145, 2, 1), 262_145));
    assert!(out(PasswordCost::argon2id(19_456, 1, 1), 1));
    assert!(out(PasswordCost::argon2id(19_456, 2, 0), 0));
    assert!(out(PasswordCost::pbkdf2_sha256(599_999), 599_999));
    assert!(PasswordCost::pbkdf2_sha256(600_000).is_ok());
}

#[test]
fn an_unknown_user_costs_what_a_known_one_does() {
    use std::time::Instant;
    let ada = person(&authority("notes", None), 7);
    let (lock, _) = Lock::for_password(&ada.key, "password", COST).unwrap();
    let time = |work: &dyn Fn()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    // In turn, and the least of many: what else the machine does disturbs that last. Without its KDF, an unknown one would
    // take a thousandth of the other; how near the two are is for `bench` to say.
    let (mut known, mut unknown) = (f64::MAX, f64::MAX);
    for _ in 0..20 {
        known = known.min(time(&|| assert!(lock.open_with_password(&ada.known, "wrong", COST).is_err())));
        unknown = unknown.min(time(&|| assert_eq!(decoy_unlock("wrong", COST), UnlockError::Wrong)));
    }
    assert!(unknown > known / 10.0, "unknown {unknown} s, known {known} s");
}

#[test]
fn a_stored_verifier_proves_nothing() {
    use diesel_encrypted_core::users::{LoginVerifier, StoredLogin};
    let ada = person(&authority("notes", None), 7);
    let (_, verifier) = Lock::for_password(&ada.key, "password", COST).unwrap();
    let stored = StoredLogin::new(*verifier.stored().as_bytes());
    assert!(LoginVerifier::from_bytes(verifier.expose_bytes()).unwrap().matches(&stored));
    assert!(!LoginVerifier::from_bytes(stored.as_bytes()).unwrap().matches(&stored));
    let (_, other) = Lock::for_password(&ada.key, "password", COST).unwrap();
    assert!(!other.matches(&stored), "another lock of the same password has another verifier");
}
