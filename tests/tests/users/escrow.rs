//! The application's own lock.

use diesel_encrypted_core::users::{Authority, AuthorityError, Lock, PasswordCost, RecoveryCode, UnlockError};

use crate::world::{authority, authority_key, person};

#[test]
fn the_application_opens_what_it_has_in_escrow_and_another_does_not() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let lock = notes.escrow(&ada.key).unwrap();
    assert_eq!(notes.open_escrow(&ada.known, &lock).unwrap().check_value(), ada.key.check_value());
    let stranger = authority("stranger", None);
    let unknown = AuthorityError::UnknownKey { key_id: 6 };
    assert_eq!(stranger.open_escrow(&ada.known, &lock).unwrap_err(), UnlockError::Authority(unknown));
    // Another key that claims the same id.
    let impostor = Authority::new(authority_key("notes", None)).unwrap();
    assert_eq!(impostor.open_escrow(&ada.known, &lock).unwrap_err(), UnlockError::Wrong);
}

#[test]
fn a_lock_is_opened_by_what_it_was_made_for() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let (password, _) = Lock::for_password(&ada.key, "password", PasswordCost::ARGON2ID).unwrap();
    let code = RecoveryCode::generate().unwrap();
    assert_eq!(notes.open_escrow(&ada.known, &password).unwrap_err(), UnlockError::OtherKind);
    assert_eq!(password.open_with_recovery_code(&ada.known, &code).unwrap_err(), UnlockError::OtherKind);
    let escrow = notes.escrow(&ada.key).unwrap();
    let opened = escrow.open_with_password(&ada.known, "password", PasswordCost::ARGON2ID);
    assert_eq!(opened.unwrap_err(), UnlockError::OtherKind);
}
