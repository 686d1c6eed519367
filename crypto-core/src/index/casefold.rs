//! Unicode full case folding: the mappings of status C and F in CaseFolding.txt, none for Turkic languages (status T).
//!
//! A character folds to the lowercase of its uppercase, with three exceptions, which are written out below. The standard
//! library brings both mappings, so folding follows its Unicode version as `lowercase` does; a test compares every
//! character with Unicode's own table. The folding of an assigned character never changes (Unicode's stability policy),
//! so another version adds characters and moves none.

use std::borrow::Cow;

/// Folds the case of `text`.
pub(super) fn casefold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let mut folded = String::with_capacity(text.len() + text.len() / 2);
    for character in text.chars() {
        fold(character, &mut folded);
    }
    Cow::Owned(folded)
}

fn fold(character: char, folded: &mut String) {
    match character {
        'A'..='Z' => folded.push(character.to_ascii_lowercase()),
        '\0'..='\x7F' => folded.push(character),
        // LATIN SMALL LETTER DOTLESS I: its uppercase is I, but i is another letter.
        'ı' => folded.push('ı'),
        // LATIN CAPITAL LETTER SHARP S: as its lowercase, whose uppercase is SS.
        'ẞ' => folded.push_str("ss"),
        // Cherokee came with capitals only: they stay, and the small letters of later versions fold to them.
        '\u{13A0}'..='\u{13F5}' => folded.push(character),
        '\u{13F8}'..='\u{13FD}' | '\u{AB70}'..='\u{ABBF}' => folded.extend(character.to_uppercase()),
        _ => folded.extend(character.to_uppercase().flat_map(char::to_lowercase)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_folds_as_in_unicodes_own_table() {
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            let ours = casefold(&text);
            let theirs = caseless::default_case_fold_str(&text);
            // A letter that is newer than their table.
            let newer = theirs == text && ours.chars().flat_map(char::to_uppercase).eq([character]);
            assert!(ours == theirs || newer, "U+{:04X}: {ours:?}, {theirs:?}", u32::from(character));
        }
    }

    #[test]
    fn letters_that_are_not_newer_fold_exactly() {
        // Below the first letter that Unicode 17 added.
        for character in '\0'..'\u{A7CE}' {
            let text = character.to_string();
            assert_eq!(casefold(&text), caseless::default_case_fold_str(&text), "U+{:04X}", u32::from(character));
        }
        for character in '\u{AB70}'..='\u{ABBF}' {
            let text = character.to_string();
            assert_eq!(casefold(&text), caseless::default_case_fold_str(&text));
        }
    }

    #[test]
    fn folding_twice_is_folding_once() {
        for character in '\0'..=char::MAX {
            let once = casefold(character.encode_utf8(&mut [0; 4])).into_owned();
            assert_eq!(casefold(&once), once, "U+{:04X}", u32::from(character));
        }
    }

    #[test]
    fn words_that_differ_only_in_case_fold_alike() {
        for (one, other) in [
            ("STRASSE", "straße"),
            ("STRAẞE", "Strasse"),
            ("ΟΔΟΣ", "οδος"),
            ("ΟΔΟΣ", "οδοσ"),
            ("ﬀ", "FF"),
            ("ᏣᎳᎩ", "ꮳꮃꭹ"),
        ] {
            assert_eq!(casefold(one), casefold(other));
        }
        assert_ne!(casefold("ı"), casefold("I"));
    }

    #[test]
    fn folded_ascii_is_not_copied() {
        assert!(matches!(casefold("ada@example.org"), Cow::Borrowed(_)));
        assert_eq!(casefold("Ada@Example.org"), "ada@example.org");
    }
}
