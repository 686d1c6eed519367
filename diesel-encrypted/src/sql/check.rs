//! What any SQL database can tell of a sealed value without a key, in the words of each.

use diesel_encrypted_core::{Algorithm, Storage, format::text, format::value::Header};

/// How a database asks the bytes, or the characters, of one column.
pub(crate) struct Words {
    /// The length of a value, in bytes or, as text, in characters.
    pub(crate) length: String,
    /// True for what begins like a sealed value, and has the column's type and, as text, its alphabet. Asked of what is
    /// as long as the shortest sealed value.
    pub(crate) begins: String,
    /// The number of slots. Asked of what `begins` so.
    pub(crate) slots: String,
    /// The algorithm, as `number` writes it. Asked of what `begins` so, however short.
    pub(crate) algorithm: String,
    /// The number of an algorithm.
    pub(crate) number: fn(Algorithm) -> String,
}

/// The length of a slot, in bytes or characters.
pub(crate) const fn slot_len(storage: Storage) -> usize {
    match storage {
        Storage::Binary => 15,
        Storage::Text => 20,
    }
}

/// The least length of a sealed value without slots.
fn shortest(storage: Storage, algorithm: Algorithm) -> usize {
    let bytes = Header::overhead(algorithm, 0);
    match storage {
        Storage::Binary => bytes,
        Storage::Text => (bytes * 4).div_ceil(3),
    }
}

/// True for what has the form of a sealed value, false for anything else that is not NULL.
///
/// The order of the steps keeps each from asking for a byte that is not there, which PostgreSQL answers by an error. Only
/// `CASE` has an order.
pub(crate) fn is_sealed(words: &Words, storage: Storage) -> String {
    let Words { length, begins, slots, algorithm, number } = words;
    let slot = slot_len(storage);
    let shortest = |algorithm| shortest(storage, algorithm);
    let least = Algorithm::ALL.into_iter().map(shortest).min().unwrap_or_default();
    let by_algorithm: String = Algorithm::ALL
        .into_iter()
        .map(|algorithm| format!("WHEN {} THEN {} ", number(algorithm), shortest(algorithm)))
        .collect();
    format!(
        "CASE\n    WHEN {length} < {least} THEN false\n    WHEN NOT ({begins}) THEN false\n    \
         ELSE {length} >= {slot} * {slots}\n      \
         + CASE {algorithm} {by_algorithm}ELSE {length} + 1 END\n  END"
    )
}

/// The first four characters of a sealed value in text form, for each number of slots, as an SQL list.
pub(crate) fn text_beginnings() -> String {
    let beginnings: Vec<String> = (0..=15).map(|slots| format!("'{}'", text::encode(&[0xE1, slots, 0]))).collect();
    beginnings.join(", ")
}

/// The third characters of those with slots: the place of one, counted from 1, is its number of slots.
pub(crate) fn text_slots() -> String {
    (1..=15).filter_map(|slots| text::encode(&[0xE1, slots, 0]).chars().nth(2)).collect()
}

/// The first two characters of algorithm, flags and key id, each pair behind a space, which a value has nowhere: they hold
/// the algorithm and the class, of which there are 16. The place of one, counted from 1 and divided by [`PAIRS`], rounded
/// up, is the algorithm's number.
pub(crate) fn text_algorithms() -> String {
    let pairs = Algorithm::ALL.into_iter().flat_map(|algorithm| {
        (0..=15).map(move |class| text::encode(&[algorithm as u8, class << 4, 0]).chars().take(2).collect::<String>())
    });
    pairs.collect::<Vec<_>>().join(" ")
}

/// The length in characters of the pairs of one algorithm.
pub(crate) const PAIRS: usize = 16 * 3;

/// What no text form has, as a class of a pattern or regular expression.
pub(crate) const OUTSIDE_OF_TEXT: &str = "[^A-Za-z0-9_-]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_tell_slots_and_algorithm() {
        assert_eq!(text_slots(), "EIMQUYcgkosw048");
        assert!(text_beginnings().starts_with("'4QAA', '4QEA', "));
        let pairs = text_algorithms();
        for algorithm in Algorithm::ALL {
            for class in 0..=15 {
                let head = text::encode(&[algorithm as u8, class << 4 | 7, 0xC0]);
                let place = pairs.find(head.get(..2).unwrap_or_default()).map(|at| at + 1);
                assert_eq!(place.map(|place| place.div_ceil(PAIRS)), Some(algorithm as usize), "{algorithm:?} {class}");
            }
        }
        assert_eq!(pairs.find(text::encode(&[4, 0x10, 0]).get(..2).unwrap_or_default()), None);
    }
}
