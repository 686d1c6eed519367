//! Someone who writes to the database: every byte of a lock counts, and a lock of their own logs nobody in.

use diesel_encrypted_core::{
    format::FormatError,
    users::{Lock, LockId, PasswordCost, RecoveryCode, UnlockError},
};
use proptest::prelude::*;

use crate::world::{authority, person};

const COST: PasswordCost = PasswordCost::ARGON2ID;

/// The lock with one byte changed.
fn altered(lock: &Lock, at: usize, by: u8) -> Lock {
    let mut bytes = lock.as_bytes().to_vec();
    bytes[at] ^= by;
    Lock::stored(lock.id(), bytes)
}

#[test]
fn every_byte_of_a_password_lock_counts() {
    let ada = person(&authority("notes", None), 7);
    let (lock, _) = Lock::for_password(&ada.key, "password", COST).unwrap();
    for at in 0..lock.as_bytes().len() {
        let error = altered(&lock, at, 1).open_with_password(&ada.known, "password", COST).unwrap_err();
        let expected = match at {
            // Format byte, kind, function, parameters: a kind that exists is another kind's.
            0 | 2 => matches!(error, UnlockError::Malformed(_)),
            1 => matches!(error, UnlockError::Malformed(FormatError::UnknownLockKind(0))),
            3..15 => matches!(error, UnlockError::Malformed(FormatError::CostOutOfBounds { .. }) | UnlockError::Wrong),
            // Salt and commitment.
            15..63 => error == UnlockError::Wrong,
            _ => error == UnlockError::Altered,
        };
        assert!(expected, "byte {at}: {error:?}");
    }
}

#[test]
fn every_bit_of_a_code_lock_and_an_escrow_lock_counts() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let code = RecoveryCode::generate().unwrap();
    let by_code = Lock::for_recovery_code(&ada.key, &code).unwrap();
    let escrow = notes.escrow(&ada.key).unwrap();
    for bit in 0..8 * by_code.as_bytes().len() {
        let lock = altered(&by_code, bit / 8, 1 << (bit % 8));
        assert!(lock.open_with_recovery_code(&ada.known, &code).is_err(), "bit {bit} of a code's lock");
    }
    for bit in 0..8 * escrow.as_bytes().len() {
        let lock = altered(&escrow, bit / 8, 1 << (bit % 8));
        assert!(notes.open_escrow(&ada.known, &lock).is_err(), "bit {bit} of an escrow lock");
    }
}

#[test]
fn a_lock_that_was_cut_or_grew_is_refused() {
    let ada = person(&authority("notes", None), 7);
    let code = RecoveryCode::generate().unwrap();
    let lock = Lock::for_recovery_code(&ada.key, &code).unwrap();
    let open = |bytes: Vec<u8>| Lock::stored(lock.id(), bytes).open_with_recovery_code(&ada.known, &code).unwrap_err();
    for len in 0..lock.as_bytes().len() {
        let error = open(lock.as_bytes()[..len].to_vec());
        assert!(
            matches!(error, UnlockError::Malformed(FormatError::Empty | FormatError::Truncated { .. })),
            "{len} bytes: {error:?}"
        );
    }
    let error = open([lock.as_bytes(), &[0]].concat());
    assert!(matches!(error, UnlockError::Malformed(FormatError::TooLong { .. })), "{error:?}");
}

#[test]
fn a_lock_that_was_moved_does_not_open() {
    let notes = authority("notes", None);
    let (ada, eve) = (person(&notes, 7), person(&notes, 8));
    let (lock, _) = Lock::for_password(&eve.key, "eve's", COST).unwrap();
    // Eve puts her own lock into Ada's row, to sign in as Ada with a password that she knows.
    assert_eq!(lock.open_with_password(&ada.known, "eve's", COST).unwrap_err(), UnlockError::Wrong);
    let renamed = Lock::stored(LockId::new([9; 16]), lock.as_bytes().to_vec());
    assert_eq!(renamed.open_with_password(&eve.known, "eve's", COST).unwrap_err(), UnlockError::Wrong);
    let tenant = person(&authority("notes", Some(b"tenant")), 8);
    assert_eq!(lock.open_with_password(&tenant.known, "eve's", COST).unwrap_err(), UnlockError::Wrong);
}

/// Everything that a lock is bound to is right but the key in it: what only someone with this program can make.
#[test]
fn a_lock_with_a_key_of_its_own_logs_nobody_in() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let planted = loop {
        // The same application, user, version: only the id and the bytes of the key differ, so its locks are elsewhere.
        let other = notes.create(ada.known.id().clone()).unwrap();
        if other.place() != ada.known.place() {
            break other;
        }
    };
    let (lock, _) = Lock::for_password(&planted, "eve's", COST).unwrap();
    assert_eq!(lock.open_with_password(&ada.known, "eve's", COST).unwrap_err(), UnlockError::Wrong);
}

#[test]
fn a_lock_of_the_key_before_does_not_stand_for_the_key_after() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let (old, _) = Lock::for_password(&ada.key, "password", COST).unwrap();
    let new = ada.key.successor().unwrap();
    assert_eq!((new.place().version(), new.place().holder()), (2, ada.known.id()));
    let known = notes.authenticate(&notes.record(&new, None).unwrap()).unwrap();
    assert_eq!(old.open_with_password(&known, "password", COST).unwrap_err(), UnlockError::Wrong);
}

#[test]
fn one_lock_never_opens_with_two_passwords() {
    let ada = person(&authority("notes", None), 7);
    let codes = RecoveryCode::set(2).unwrap();
    let first = Lock::for_recovery_code(&ada.key, &codes[0]).unwrap();
    let second = Lock::for_recovery_code(&ada.key, &codes[1]).unwrap();
    // A lock between the two: every combination of the one's parts with the other's.
    let parts = [3..31, 31..63, 63..87, 87..135];
    for choice in 0..16 {
        let mut bytes = first.as_bytes().to_vec();
        for (at, range) in parts.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1) {
            let _ = at;
            bytes[range.clone()].copy_from_slice(&second.as_bytes()[range.clone()]);
        }
        for id in [first.id(), second.id()] {
            let lock = Lock::stored(id, bytes.clone());
            let opens = codes.iter().filter(|code| lock.open_with_recovery_code(&ada.known, code).is_ok()).count();
            let whole = (choice == 0 && id == first.id()) || (choice == 15 && id == second.id());
            assert_eq!(opens, usize::from(whole), "choice {choice}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let ada = person(&authority("notes", None), 7);
        let lock = Lock::stored(LockId::new([1; 16]), bytes);
        prop_assert!(lock.open_with_recovery_code(&ada.known, &RecoveryCode::generate().unwrap()).is_err());
        prop_assert!(authority("notes", None).open_escrow(&ada.known, &lock).is_err());
    }
}
