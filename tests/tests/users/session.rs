//! Sessions: neither the server's part nor the client's opens anything alone.

use std::time::{Duration, SystemTime};

use diesel_encrypted_core::{
    format::FormatError,
    users::{AuthorityError, SessionError, SessionToken},
};

use crate::world::{authority, person};

fn hours(hours: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + 3600 * hours)
}

#[test]
fn a_session_goes_on_by_its_token_until_its_hour() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let (token, stored) = notes.begin_session(&ada.key, hours(1)).unwrap();
    assert_eq!(stored.len(), 109);
    let text = token.to_text();
    assert_eq!(text.len(), 64);
    let token = SessionToken::parse(&text).unwrap();
    let key = notes.resume_session(&ada.known, &token, &stored, hours(0)).unwrap();
    assert_eq!(key.check_value(), ada.key.check_value());
    let just_before = hours(1) - Duration::from_secs(1);
    assert!(notes.resume_session(&ada.known, &token, &stored, just_before).is_ok());
    for late in [hours(1), hours(2)] {
        let resumed = notes.resume_session(&ada.known, &token, &stored, late);
        assert_eq!(resumed.unwrap_err(), SessionError::Expired);
    }
}

#[test]
fn a_session_opens_for_its_token_its_user_and_its_application_alone() {
    let notes = authority("notes", None);
    let (ada, bob) = (person(&notes, 7), person(&notes, 8));
    let (token, stored) = notes.begin_session(&ada.key, hours(1)).unwrap();
    let (other, other_stored) = notes.begin_session(&ada.key, hours(1)).unwrap();
    let resume = |token, stored: &[u8]| notes.resume_session(&ada.known, token, stored, hours(0)).map(|_| ());
    assert_eq!(resume(&token, &stored), Ok(()));
    assert_eq!(resume(&other, &stored), Err(SessionError::Closed));
    assert_eq!(resume(&token, &other_stored), Err(SessionError::Closed));
    let of_bob = notes.resume_session(&bob.known, &token, &stored, hours(0));
    assert_eq!(of_bob.unwrap_err(), SessionError::Closed);
    let impostor = authority("notes", None).resume_session(&ada.known, &token, &stored, hours(0));
    assert_eq!(impostor.unwrap_err(), SessionError::Closed);
    let stranger = authority("stranger", None).resume_session(&ada.known, &token, &stored, hours(0));
    assert_eq!(stranger.unwrap_err(), SessionError::Authority(AuthorityError::UnknownKey { key_id: 6 }));
}

#[test]
fn a_new_key_ends_the_sessions_of_the_one_before() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let (token, stored) = notes.begin_session(&ada.key, hours(1)).unwrap();
    let next = ada.key.successor().unwrap();
    let known = notes.authenticate(&notes.record(&next, None).unwrap()).unwrap();
    let resumed = notes.resume_session(&known, &token, &stored, hours(0));
    assert_eq!(resumed.unwrap_err(), SessionError::Closed);
}

#[test]
fn every_bit_of_a_session_counts_its_hour_included() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7);
    let (token, stored) = notes.begin_session(&ada.key, hours(1)).unwrap();
    for bit in 0..8 * stored.len() {
        let mut altered = stored.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let error = notes.resume_session(&ada.known, &token, &altered, hours(0)).unwrap_err();
        assert_ne!(error, SessionError::Expired, "bit {bit}: what is not authentic has no hour");
    }
    for len in 0..stored.len() {
        let error = notes.resume_session(&ada.known, &token, &stored[..len], hours(0)).unwrap_err();
        let cut = matches!(error, SessionError::Malformed(FormatError::Empty | FormatError::Truncated { .. }));
        assert!(cut, "{len} bytes: {error:?}");
    }
    let longer = notes.resume_session(&ada.known, &token, &[&*stored, &[0]].concat(), hours(0));
    assert!(matches!(longer.unwrap_err(), SessionError::Malformed(FormatError::TooLong { .. })));
}

#[test]
fn what_is_no_token_is_refused() {
    for text in ["", "x", "AAAA", &"A".repeat(63), &"A".repeat(68), &"+".repeat(64), &"é".repeat(32)] {
        assert_eq!(SessionToken::parse(text).unwrap_err(), SessionError::Token, "{text}");
    }
    let token = SessionToken::parse(&"A".repeat(64)).unwrap();
    assert_eq!(format!("{token:?}"), "SessionToken([redacted])");
}
