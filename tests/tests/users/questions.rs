//! Security questions: k of n, and nothing that can be checked before all of k are right.

use std::time::{Duration, Instant};

use diesel_encrypted_core::users::{Authority, AuthorityError, Lock, QuestionsError, UnlockError, decoy_questions};

use crate::world::{authority, person};

const ANSWERS: [&str; 3] = ["Rose Cottage, Whitby", "Mademoiselle Dupont", "the blue Schwinn bicycle"];

#[test]
fn any_two_of_three_answers_open_the_lock_and_one_does_not() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let lock = notes.questions(&ada.key, 2, &ANSWERS).unwrap();
    assert_eq!(Authority::questions_of(&lock), Ok((2, 3)));
    let open = |answers: &[(u8, &str)]| notes.open_questions(&ada.known, &lock, answers).map(|key| key.check_value());
    let [first, second, third] = ANSWERS;
    for answers in [[(1, first), (2, second)], [(3, third), (1, first)], [(2, second), (3, third)]] {
        assert_eq!(open(&answers), Ok(ada.key.check_value()));
    }
    assert_eq!(open(&[(1, " rose cottage - WHITBY!"), (2, "MademoiselleDupont")]), Ok(ada.key.check_value()));
    for wrong in [
        vec![],
        vec![(1, first)],
        vec![(1, first), (1, first)],
        vec![(1, first), (2, second), (3, third)],
        vec![(1, first), (2, third)],
        vec![(1, "Rose Cottage"), (2, second)],
        vec![(2, first), (1, second)],
        vec![(1, first), (0, second)],
        vec![(1, first), (4, second)],
    ] {
        assert_eq!(open(&wrong), Err(UnlockError::Wrong), "{wrong:?}");
    }
}

#[test]
fn answers_alone_open_nothing_without_the_application() {
    let notes = authority("notes", None);
    let (ada, bob) = (person(&notes, 7), person(&notes, 8));
    let lock = notes.questions(&ada.key, 2, &ANSWERS).unwrap();
    let answers = [(1, ANSWERS[0]), (2, ANSWERS[1])];
    let impostor = authority("notes", None).open_questions(&ada.known, &lock, &answers);
    assert_eq!(impostor.unwrap_err(), UnlockError::Wrong);
    let stranger = authority("stranger", None).open_questions(&ada.known, &lock, &answers);
    assert_eq!(stranger.unwrap_err(), UnlockError::Authority(AuthorityError::UnknownKey { key_id: 6 }));
    assert_eq!(notes.open_questions(&bob.known, &lock, &answers).unwrap_err(), UnlockError::Wrong);
}

/// How long the quickest of a few calls takes, and its answer.
fn timed<T>(call: impl Fn() -> T) -> (Duration, T) {
    let once = || {
        let began = Instant::now();
        let given = call();
        (began.elapsed(), given)
    };
    (0..3).map(|_| once()).min_by_key(|(time, _)| *time).unwrap()
}

/// Who has questions, and how many, is not told by what is quickly refused, or refused by another error.
#[test]
fn whoever_has_no_questions_is_refused_as_who_has() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let lock = notes.questions(&ada.key, 2, &ANSWERS).unwrap();
    let many = [(1, "!"); 17];
    for answers in [&[][..], &[(1, "!?"), (2, ANSWERS[1])], &[(1, ANSWERS[0]), (2, "")], &many] {
        let refused = notes.open_questions(&ada.known, &lock, answers).unwrap_err();
        assert_eq!([refused, decoy_questions(answers)], [UnlockError::Wrong, UnlockError::Wrong], "{answers:?}");
    }
    let (stretched, _) = timed(|| decoy_questions(&[(1, "one")]));
    for answers in [&[(1, "one")][..], &[(1, "one"), (1, "two")], &[(9, "one"), (1, "two")]] {
        let (time, _) = timed(|| notes.open_questions(&ada.known, &lock, answers).map(drop));
        let (decoy, _) = timed(|| decoy_questions(answers));
        assert!(time > stretched / 4 && decoy > stretched / 4, "{answers:?}: {time:?}, {decoy:?}");
    }
}

/// Whoever guesses one answer has nothing to check the guess by: masked shares are different each time, whatever is asked.
#[test]
fn masked_shares_say_nothing() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let shares = |_| notes.questions(&ada.key, 2, &ANSWERS).unwrap().as_bytes()[135 + 6..].to_vec();
    let made: Vec<Vec<u8>> = (0..16).map(shares).collect();
    for entry in 0..3 {
        let masked = |lock: &Vec<u8>| lock[48 * entry + 16..48 * entry + 48].to_vec();
        let ones: u32 = made.iter().flat_map(masked).map(u8::count_ones).sum();
        // 4,096 fair bits: 2,048 ± 32, and six times that.
        assert!((1856..2240).contains(&ones), "{ones} ones in share {entry}");
    }
}

#[test]
fn every_byte_of_a_lock_counts() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let lock = notes.questions(&ada.key, 2, &ANSWERS).unwrap();
    let answers = [(1, ANSWERS[0]), (2, ANSWERS[1])];
    // Also the salt and share of the question that is not asked.
    for byte in (0..lock.as_bytes().len()).filter(|byte| byte % 3 == 0 || (135..141).contains(byte)) {
        let mut bytes = lock.as_bytes().to_vec();
        bytes[byte] ^= 1;
        let altered = Lock::stored(lock.id(), bytes);
        assert!(notes.open_questions(&ada.known, &altered, &answers).is_err(), "byte {byte}");
    }
    for len in [0, 134, 135, 140, lock.as_bytes().len() - 1] {
        let cut = Lock::stored(lock.id(), lock.as_bytes()[..len].to_vec());
        let error = notes.open_questions(&ada.known, &cut, &answers).unwrap_err();
        assert!(matches!(error, UnlockError::Malformed(_)), "{len} bytes: {error:?}");
    }
}

#[test]
fn weak_and_equal_answers_are_refused() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let refused = |needed, answers: &[&str]| notes.questions(&ada.key, needed, answers).unwrap_err();
    assert_eq!(refused(1, &ANSWERS), QuestionsError::Count);
    assert_eq!(refused(4, &ANSWERS), QuestionsError::Count);
    assert_eq!(refused(2, &["long enough to be an answer"; 17]), QuestionsError::Count);
    assert_eq!(refused(2, &["Rose Cottage, Whitby", "rosecottage whitby", "another"]), QuestionsError::Alike);
    assert!(matches!(
        refused(2, &["Rex", "blue", "Rose Cottage, Whitby"]),
        QuestionsError::Weak { found: 18, least: 40 }
    ));
    let repeated = refused(2, &["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "Rose Cottage, Whitby"]);
    assert!(matches!(repeated, QuestionsError::Weak { .. }), "{repeated:?}");
}
