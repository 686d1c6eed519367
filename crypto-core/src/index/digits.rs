//! Decimal digits of any script (Unicode general category `Nd`), as ASCII digits.
//!
//! Unicode assigns them in runs of ten, zero first, so the zeros are the whole table; a test derives it anew from
//! Unicode's own data.

use std::borrow::Cow;

/// The version of the table.
pub(super) const UNICODE_VERSION: (u8, u8, u8) = (18, 0, 0);

/// The zero of every run of ten decimal digits, in order.
#[rustfmt::skip]
const ZEROS: [char; 77] = [
    '\u{0030}', '\u{0660}', '\u{06F0}', '\u{07C0}', '\u{0966}', '\u{09E6}', '\u{0A66}', '\u{0AE6}', '\u{0B66}',
    '\u{0BE6}', '\u{0C66}', '\u{0CE6}', '\u{0D66}', '\u{0DE6}', '\u{0E50}', '\u{0ED0}', '\u{0F20}', '\u{1040}',
    '\u{1090}', '\u{17E0}', '\u{1810}', '\u{1946}', '\u{19D0}', '\u{1A80}', '\u{1A90}', '\u{1B50}', '\u{1BB0}',
    '\u{1C40}', '\u{1C50}', '\u{A620}', '\u{A8D0}', '\u{A900}', '\u{A9D0}', '\u{A9F0}', '\u{AA50}', '\u{ABF0}',
    '\u{FF10}', '\u{104A0}', '\u{10D30}', '\u{10D40}', '\u{11066}', '\u{110F0}', '\u{11136}', '\u{111D0}',
    '\u{112F0}', '\u{11450}', '\u{114D0}', '\u{11650}', '\u{116C0}', '\u{116D0}', '\u{116DA}', '\u{11730}',
    '\u{118E0}', '\u{11950}', '\u{11BF0}', '\u{11C50}', '\u{11D50}', '\u{11DA0}', '\u{11DE0}', '\u{11F50}',
    '\u{16130}', '\u{16A60}', '\u{16AC0}', '\u{16B50}', '\u{16D70}', '\u{1CCF0}', '\u{1D7CE}', '\u{1D7D8}',
    '\u{1D7E2}', '\u{1D7EC}', '\u{1D7F6}', '\u{1E140}', '\u{1E2F0}', '\u{1E4F0}', '\u{1E5F1}', '\u{1E950}',
    '\u{1FBF0}',
];

/// Only the decimal digits of `text`, as ASCII digits. A text without any gives the empty text.
pub(super) fn digits(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter_map(digit).collect())
}

fn digit(character: char) -> Option<char> {
    if character.is_ascii() {
        return character.is_ascii_digit().then_some(character);
    }
    let runs = ZEROS.partition_point(|&zero| zero <= character);
    let zero = *ZEROS.get(runs.checked_sub(1)?)?;
    char::from_digit(u32::from(character) - u32::from(zero), 10)
}

#[cfg(test)]
mod tests {
    use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

    use super::*;

    #[test]
    fn the_table_has_every_run_of_unicode_and_no_other() {
        let is_digit = |character: &char| character.general_category() == GeneralCategory::DecimalNumber;
        let zeros: Vec<char> = ('\0'..=char::MAX).filter(is_digit).step_by(10).collect();
        assert_eq!(ZEROS.as_slice(), zeros);
        let (major, minor, update) = UNICODE_VERSION;
        assert_eq!((u64::from(major), u64::from(minor), u64::from(update)), unicode_properties::UNICODE_VERSION);
    }

    #[test]
    fn a_character_is_kept_exactly_if_unicode_calls_it_a_decimal_digit() {
        for character in '\0'..=char::MAX {
            let expected = character.general_category() == GeneralCategory::DecimalNumber;
            assert_eq!(digit(character).is_some(), expected, "U+{:04X}", u32::from(character));
        }
    }

    #[test]
    fn digits_of_any_script_become_ascii() {
        assert_eq!(digits("+49 (0)30 / 12-34"), "490301234");
        assert_eq!(digits("٠١٢٣٤٥٦٧٨٩"), "0123456789");
        assert_eq!(digits("９８ 𝟟 𝟶"), "9870");
        assert_eq!(digits("²½Ⅷ一"), "");
    }

    #[test]
    fn ascii_digits_are_not_copied() {
        assert!(matches!(digits("0301234"), Cow::Borrowed("0301234")));
    }
}
