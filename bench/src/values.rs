//! Single values: what sealing, opening and searching add to the cipher and the hash.

use std::hint::black_box;

use diesel_encrypted::{EncryptedColumn, Sealed, ValueError, Vault};
use diesel_encrypted_core::hazmat;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    clinic::patients,
    measure::{Compared, Effort, Failure, short, short_with_floor},
    reference::{self, Engine, Raw},
    rival,
};

/// Sealed, not indexed.
type Value = Sealed<String, patients::phone>;

/// Seals and opens through the public wrapper. Opening copies the value first, as loading a row does.
fn through_the_wrapper(text: &str) -> Result<String, ValueError> {
    Value::seal(text)?.open()
}

/// Seals and opens a text of `len` bytes, and the raw cipher does.
pub(crate) fn seal_and_open(effort: Effort, len: usize) -> Result<Compared, Failure> {
    let (text, raw) = ("x".repeat(len), Engine::new());
    let text = text.as_str();
    if through_the_wrapper(text)? != text
        || raw.seal(text).and_then(|sealed| raw.open(&sealed)).as_deref() != Some(text)
    {
        return Err("a value did not come back".into());
    }
    short(
        effort,
        || through_the_wrapper(black_box(text)),
        || raw.seal(black_box(text)).and_then(|sealed| raw.open(&sealed)),
    )
}

/// Seals and opens 64 bytes, and so does the crate `encrypted-message`. The raw cipher is the floor.
pub(crate) fn against_encrypted_message(effort: Effort) -> Result<Compared, Failure> {
    let (text, raw) = ("x".repeat(64), Engine::new());
    if rival::seal_and_open(&text)? != text {
        return Err("encrypted-message did not give the value back".into());
    }
    short_with_floor(
        effort,
        || through_the_wrapper(black_box(&text)),
        || rival::seal_and_open(black_box(&text)),
        || raw.seal(black_box(&text)).and_then(|sealed| raw.open(&sealed)),
    )
}

/// What `.blind_eq(..)` asks for 24 bytes, against the HMAC alone.
pub(crate) fn blind_index(effort: Effort) -> Result<Compared, Failure> {
    let raw = Hmac::<Sha256>::new_from_slice(&reference::random::<32>())?;
    let (field, text) = (patients::email::field(), "ada.lovelace@example.org");
    short(
        effort,
        || {
            Vault::with_current(field, |vault| {
                vault.each_search_slot(field, 0, black_box(text), |slot| {
                    black_box(slot);
                })
            })
        },
        || {
            let mut mac = raw.clone();
            mac.update(black_box(text).as_bytes());
            mac.finalize().into_bytes()
        },
    )
}

/// A nonce of ours, which notices a fork and seeds itself anew in time, and one of a generator that does neither.
pub(crate) fn nonce(effort: Effort) -> Result<Compared, Failure> {
    short(effort, hazmat::nonce, reference::nonce)
}
