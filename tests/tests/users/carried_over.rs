//! Users of a system that kept bcrypt hashes.

use diesel_encrypted_core::users::{CarriedOver, PasswordCost, UnlockError};

use crate::world::{authority, person};

/// Hashes that others published: John the Ripper's and Openwall's test vectors for crypt_blowfish.
const HASHES: [(&str, &str); 3] = [
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
    ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
];

#[test]
fn a_known_password_gets_a_lock() {
    let ada = person(&authority("notes", None), 7);
    for (password, hash) in HASHES {
        let carried = CarriedOver::check(password, hash).unwrap();
        assert!(!carried.was_cut());
        let (lock, _) = carried.lock(&ada.key, PasswordCost::ARGON2ID).unwrap();
        assert!(lock.open_with_password(&ada.known, password, PasswordCost::ARGON2ID).is_ok());
        assert_eq!(CarriedOver::check("other", hash).unwrap_err(), UnlockError::Wrong);
        assert_eq!(CarriedOver::check("", hash).unwrap_err(), UnlockError::Wrong);
        assert_eq!(CarriedOver::check(&format!("{password}\0x"), hash).unwrap_err(), UnlockError::Wrong);
        assert_eq!(format!("{carried:?}"), "CarriedOver([redacted])");
    }
}

#[test]
fn what_bcrypt_ignored_is_told() {
    let hash = bcrypt::hash("x".repeat(80), 4).unwrap();
    assert!(CarriedOver::check(&"x".repeat(72), &hash).is_ok_and(|carried| !carried.was_cut()));
    assert!(CarriedOver::check(&"x".repeat(79), &hash).is_ok_and(|carried| carried.was_cut()));
}

#[test]
fn what_is_no_hash_or_costs_too_much_is_refused() {
    let (password, hash) = HASHES[0];
    for cost in ["03", "15", "31", "xx", "-5"] {
        let refused = CarriedOver::check(password, &hash.replace("$05$", &format!("${cost}$")));
        assert_eq!(refused.unwrap_err(), UnlockError::BcryptHash, "{cost}");
    }
    for hash in
        ["", "$2a$05$", "plain text", &hash[..59], "$9z$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"]
    {
        assert_eq!(CarriedOver::check(password, hash).unwrap_err(), UnlockError::BcryptHash, "{hash}");
    }
}
