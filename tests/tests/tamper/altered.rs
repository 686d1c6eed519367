//! Values that were damaged in place: refused, each by its own error.

use diesel_encrypted::ValueError;
use diesel_encrypted::ValueError::{Malformed, NotEncrypted, OtherField, OtherHolder, Tampered, UnknownKey};
use diesel_encrypted::format::{FormatError, text};

use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::on_every_backend;

use crate::database::{ADA, Database};

/// The offsets of a sealed e-mail address, which has two slots.
const HEADER_LEN: usize = 39;
const NONCE_AND_TAG_LEN: usize = 28;

/// Whether the error says what is wrong with a value whose byte at `at` is another.
fn is_precise(at: usize, error: &ValueError) -> bool {
    use FormatError::{EmptySlotWithTag, ReservedByte, ReservedFlag, UnknownAlgorithm, UnknownClass};
    match at {
        0 => matches!(error, NotEncrypted { .. }),
        // With another number of slots, everything behind is looked for elsewhere.
        1 => matches!(
            error,
            NotEncrypted { .. } | Malformed { .. } | UnknownKey { .. } | OtherHolder { .. } | Tampered { .. }
        ),
        2 => matches!(error, Malformed { source: ReservedByte(_), .. }),
        3 | 18 => matches!(error, Malformed { source: EmptySlotWithTag(_), .. } | Tampered { .. }),
        4..=32 => matches!(error, Tampered { bound: false, .. }),
        33 => matches!(error, Malformed { source: UnknownAlgorithm(_), .. } | Tampered { bound: false, .. }),
        34 => matches!(
            error,
            Malformed { source: ReservedFlag | UnknownClass(_), .. }
                | Tampered { bound: false, .. }
                | OtherHolder { user_key: true, .. }
        ),
        35..=38 => matches!(error, UnknownKey { .. }),
        _ => matches!(error, Tampered { bound: false, .. }),
    }
}

on_every_backend! {
    fn each_flipped_bit_is_refused<C>() {
        let database = Database::<C>::new();
        let sealed = database.stored("email", 1);
        assert_eq!(sealed.len(), HEADER_LEN + NONCE_AND_TAG_LEN + ADA.len());
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut altered = sealed.clone();
                altered[at] ^= 1 << bit;
                database.plant("email", &altered);
                let error = database.damage("patients.email");
                assert!(is_precise(at, &error), "byte {at}, bit {bit}: {error}");
            }
        }
        database.plant("email", &sealed);
        assert_eq!(database.patient(1).unwrap().email.expose(), ADA, "the value itself opens");
    }
}

on_every_backend! {
    fn each_flipped_byte_is_refused<C>() {
        let database = Database::<C>::new();
        let sealed = database.stored("email", 1);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 0xFF;
            database.plant("email", &altered);
            let error = database.damage("patients.email");
            assert!(is_precise(at, &error), "byte {at}: {error}");
        }
    }
}

on_every_backend! {
    fn a_value_cut_at_any_length_is_refused<C>() {
        let database = Database::<C>::new();
        let sealed = database.stored("email", 1);
        for len in 0..sealed.len() {
            database.plant("email", &sealed[..len]);
            let error = database.damage("patients.email");
            let precise = match len {
                0 => matches!(error, NotEncrypted { .. }),
                1..HEADER_LEN => {
                    matches!(error, Malformed { source: FormatError::Truncated { found, .. }, .. } if found == len)
                }
                _ if len < HEADER_LEN + NONCE_AND_TAG_LEN => {
                    matches!(error, Malformed { source: FormatError::Truncated { needed: 67, found }, .. } if found == len)
                }
                _ => matches!(error, Tampered { .. }),
            };
            assert!(precise, "{len} bytes: {error}");
        }
    }
}

on_every_backend! {
    fn an_appended_byte_is_refused<C>() {
        let database = Database::<C>::new();
        let sealed = database.stored("email", 1);
        for byte in [0, 1, 0x80, 0xFF] {
            database.plant("email", &[&sealed[..], &[byte]].concat());
            assert!(matches!(database.damage("patients.email"), Tampered { .. }));
        }
    }
}

on_every_backend! {
    fn a_stripped_format_byte_is_refused<C>() {
        let database = Database::<C>::new();
        let sealed = database.stored("email", 1);
        database.plant("email", &sealed[1..]);
        assert!(matches!(database.damage("patients.email"), NotEncrypted { .. }));
        database.plant("email", &sealed);

        let sealed = text::decode(&String::from_utf8(database.stored("note", 1)).unwrap()).unwrap();
        database.plant_text("note", &text::encode(&sealed[1..]));
        assert!(matches!(database.damage("patients.note"), NotEncrypted { .. }));
    }
}

on_every_backend! {
    fn an_unknown_key_id_is_refused<C>() {
        let database = Database::<C>::new();
        let sealed = database.stored("email", 1);
        let with_key = |id: i64| {
            let id = u32::try_from(id).unwrap();
            database.plant("email", &[&sealed[..35], &id.to_be_bytes(), &sealed[39..]].concat());
            database.damage("patients.email")
        };
        let own = i64::from(u32::from_be_bytes(sealed[35..39].try_into().unwrap()));
        let rows = database.key_rows();
        let unknown = (1..).find(|id| rows.iter().all(|row| row.key_id != *id)).unwrap();

        assert!(matches!(with_key(0), Malformed { source: FormatError::NoKeyId, .. }));
        let error = with_key(unknown);
        assert!(matches!(error, UnknownKey { key_id, .. } if i64::from(key_id) == unknown), "{error}");
        // A key of another field, of an index, or of the key table opens nothing here.
        for row in rows.iter().filter(|row| row.key_id != own) {
            let error = with_key(row.key_id);
            let precise = match row.purpose {
                1 => matches!(&error, OtherField { found, .. } if found.to_string() == row.name),
                _ => matches!(error, UnknownKey { .. }),
            };
            assert!(precise, "{row:?}: {error}");
        }
    }
}

on_every_backend! {
    fn plaintext_in_a_binary_column_is_refused<C>() {
        let database = Database::<C>::new();
        for plaintext in ["", ADA, "\u{0}", "á", "4QEA"] {
            database.plant("email", plaintext.as_bytes());
            assert!(matches!(database.damage("patients.email"), NotEncrypted { .. }), "{plaintext:?} as bytes");
            // SQLite keeps text in a column of bytes if it is given text.
            if C::TAKES_ANY_TYPE {
                database.plant_text("email", plaintext);
                assert!(matches!(database.damage("patients.email"), NotEncrypted { .. }), "{plaintext:?} as text");
            }
        }
        if C::TAKES_ANY_TYPE {
            database.attack("UPDATE patients SET email = 5");
            assert!(matches!(database.damage("patients.email"), NotEncrypted { .. }), "a number");
        }
    }
}

on_every_backend! {
    fn plaintext_in_a_text_column_is_refused<C>() {
        let database = Database::<C>::new();
        // The last two are base64url, of something else.
        for plaintext in ["", "a note", "ä", "note", "5QEA"].into_iter().filter(|text| Database::<C>::can_hold(text)) {
            database.plant_text("note", plaintext);
            assert!(matches!(database.damage("patients.note"), NotEncrypted { .. }), "{plaintext:?}");
        }
        for beginning in ["4Q", "4QEA", "4RAA", "4Q e-mails were sent"] {
            database.plant_text("note", beginning);
            assert!(matches!(database.damage("patients.note"), Malformed { .. }), "{beginning:?}");
        }
    }
}

on_every_backend! {
    fn damaged_base64_in_a_text_column_is_refused<C>() {
        let database = Database::<C>::new();
        let sealed = String::from_utf8(database.stored("note", 1)).unwrap();
        let refused = |damaged: &str| {
            database.plant_text("note", damaged);
            database.damage("patients.note")
        };
        // The characters of the first two bytes tell whether it is a sealed value at all.
        for at in 2..sealed.len() {
            for foreign in ["=", "+", "/", " ", "\n", "é", "A\u{0}"].into_iter().filter(|text| Database::<C>::can_hold(text)) {
                let error = refused(&format!("{}{foreign}{}", &sealed[..at], &sealed[at + 1..]));
                assert!(
                    matches!(error, Malformed { source: FormatError::NotBase64Url, .. }),
                    "{foreign:?} at {at}: {error}"
                );
            }
        }
        for appended in ["=", "==", "\n", " ", "\u{0}"].into_iter().filter(|text| Database::<C>::can_hold(text)) {
            let error = refused(&format!("{sealed}{appended}"));
            assert!(matches!(error, Malformed { source: FormatError::NotBase64Url, .. }), "{appended:?}: {error}");
        }
    }
}

on_every_backend! {
    fn each_changed_character_of_a_text_column_is_refused<C>() {
        const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let database = Database::<C>::new();
        let sealed = String::from_utf8(database.stored("note", 1)).unwrap();
        for (at, character) in sealed.char_indices() {
            let place = ALPHABET.find(character).unwrap();
            for bit in 0..6 {
                let other = ALPHABET.as_bytes()[place ^ 1 << bit] as char;
                database.plant_text("note", &format!("{}{other}{}", &sealed[..at], &sealed[at + 1..]));
                let error = database.damage("patients.note");
                let expected =
                    matches!(error, NotEncrypted { .. } | Malformed { .. } | UnknownKey { .. } | OtherHolder { .. } | Tampered { .. });
                assert!(expected, "{other} at {at}: {error}");
            }
        }
    }
}

on_every_backend! {
    fn a_text_cut_at_any_length_is_refused<C>() {
        let database = Database::<C>::new();
        let sealed = String::from_utf8(database.stored("note", 1)).unwrap();
        for len in 0..sealed.len() {
            database.plant_text("note", &sealed[..len]);
            let error = database.damage("patients.note");
            let precise = match len {
                0 | 1 => matches!(error, NotEncrypted { .. }),
                _ => matches!(error, Malformed { .. } | Tampered { .. }),
            };
            assert!(precise, "{len} characters: {error}");
        }
    }
}
