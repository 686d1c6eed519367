//! Recovery codes: typed by hand, checked before anything is looked for, and each for one lock.

use std::collections::HashSet;

use diesel_encrypted_core::{
    format::lock::LockKind,
    users::{CodeError, Lock, RecoveryCode, UnlockError},
};
use proptest::prelude::*;

use crate::world::{authority, person};

#[test]
fn a_code_opens_the_lock_that_it_names_and_no_other() {
    let authority = authority("notes", None);
    let (ada, bob) = (person(&authority, 7), person(&authority, 8));
    let codes = RecoveryCode::set(10).unwrap();
    let locks: Vec<Lock> = codes.iter().map(|code| Lock::for_recovery_code(&ada.key, code).unwrap()).collect();
    assert_eq!(locks.iter().map(|lock| *lock.id().as_bytes()).collect::<HashSet<_>>().len(), 10);
    for code in &codes {
        let typed = RecoveryCode::parse(&code.to_text()).unwrap();
        let lock = locks.iter().find(|lock| lock.id() == typed.lock_id(ada.known.place())).unwrap();
        assert_eq!(lock.kind(), Ok(LockKind::RecoveryCode));
        let key = lock.open_with_recovery_code(&ada.known, &typed).unwrap();
        assert_eq!(key.check_value(), ada.key.check_value());
        for other in locks.iter().filter(|other| other.id() != lock.id()) {
            assert_eq!(other.open_with_recovery_code(&ada.known, &typed).unwrap_err(), UnlockError::Wrong);
        }
        assert_ne!(typed.lock_id(bob.known.place()), lock.id());
    }
}

#[test]
fn the_shape_of_a_printed_code() {
    for code in RecoveryCode::set(200).unwrap() {
        let text = code.to_text();
        let groups: Vec<usize> = text.split('-').map(str::len).collect();
        assert_eq!(groups, [5, 5, 5, 5, 5, 2], "{}", *text);
        let (written, _) = text.split_at(text.len() - 1);
        assert!(written.bytes().all(|byte| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ-".contains(&byte)), "{}", *text);
    }
    let code = RecoveryCode::generate().unwrap();
    assert_eq!(format!("{code:?}"), "RecoveryCode([redacted])");
}

#[test]
fn what_no_code_looks_like_is_refused() {
    let text = RecoveryCode::generate().unwrap().to_text();
    let parse = |text: &str| RecoveryCode::parse(text).map(|_| ());
    assert_eq!(parse(""), Err(CodeError::Length));
    assert_eq!(parse(&text[1..]), Err(CodeError::Length));
    assert_eq!(parse(&format!("{}0", *text)), Err(CodeError::Length));
    for character in ['U', '*', '~', '$', '=', 'ß', '!', '\u{0}'] {
        assert_eq!(parse(&format!("{character}{}", &text[1..])), Err(CodeError::Character), "{character:?}");
    }
}

/// A known code, and as people write it.
#[test]
fn case_spaces_and_look_alikes_do_not_count() {
    // The number 0x0123456789abcdef repeated, in 26 characters; its check character by hand.
    let code = "01LO1-O0I10-00000-00000-00000-0";
    let canonical = "01101001100000000000000000";
    let rest = canonical.bytes().fold(0_u32, |rest, byte| (rest * 32 + u32::from(byte - b'0')) % 37);
    let check = char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"[rest as usize]);
    let typed = format!(" {}{check} ", code.to_lowercase().replace('-', "  "));
    let text = RecoveryCode::parse(&typed).unwrap().to_text();
    assert_eq!(text.replace('-', ""), format!("{canonical}{check}"));
}

proptest! {
    #[test]
    fn one_wrong_character_is_always_found(at in 0_usize..26, by in 1_usize..32) {
        const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut text = RecoveryCode::generate().unwrap().to_text().replace('-', "").into_bytes();
        let value = ALPHABET.iter().position(|byte| *byte == text[at]).unwrap();
        text[at] = ALPHABET[(value + by) % 32];
        prop_assert_eq!(RecoveryCode::parse(str::from_utf8(&text).unwrap()).map(|_| ()), Err(CodeError::Check));
    }

    #[test]
    fn two_characters_that_changed_places_are_found(at in 0_usize..25) {
        let mut text = RecoveryCode::generate().unwrap().to_text().replace('-', "").into_bytes();
        prop_assume!(text[at] != text[at + 1]);
        text.swap(at, at + 1);
        prop_assert_eq!(RecoveryCode::parse(str::from_utf8(&text).unwrap()).map(|_| ()), Err(CodeError::Check));
    }

    #[test]
    fn reading_a_code_never_panics(text in ".{0,40}") {
        let _ = RecoveryCode::parse(&text);
    }
}
