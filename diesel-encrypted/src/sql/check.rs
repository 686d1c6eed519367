//! What any SQL database can tell of a sealed value without a key, as the numbers of the format.

use diesel_encrypted_core::{Algorithm, format::value::Header};

/// The least length in bytes of a sealed value without slots, for each algorithm by its number.
pub(super) fn shortest() -> impl Iterator<Item = (u8, usize)> {
    Algorithm::ALL.into_iter().map(|algorithm| (algorithm as u8, Header::overhead(algorithm, 0)))
}

/// The first four characters of a sealed value in text form, for each number of slots.
pub(super) fn text_beginnings() -> impl Iterator<Item = String> {
    (0..=15).map(|slots| diesel_encrypted_core::format::text::encode(&[0xE1, slots, 0]))
}
