//! Rows in the clear: what SQL has to do with a column's text to find those that are equal after normalisation.
//!
//! No database normalises as Rust does: SQLite knows the case of ASCII alone, others go by a locale, or by another version
//! of Unicode. So the characters are replaced one by one, and of all that a normaliser changes only those that matter to
//! the value that is searched for. What is found is then exactly what has its tag.

use std::fmt;
use std::sync::LazyLock;

use zeroize::Zeroizing;

use super::{Normalizer, normalize};
use crate::Class;

/// More sigmas than this are not searched for: each doubles the spellings.
const SIGMAS_MAX: usize = 10;

/// The characters of white space, which [`Normalizer::Trim`] removes at both ends.
pub static WHITE_SPACE: LazyLock<Vec<char>> =
    LazyLock::new(|| ('\0'..=char::MAX).filter(|character| character.is_whitespace()).collect());

/// A part of what is searched for: wiped when it is dropped, and not printed.
#[derive(Clone)]
pub struct Searched(Zeroizing<Vec<u8>>);

impl Searched {
    /// Of these bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes: UTF-8 if a text is searched for.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Searched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[searched value]")
    }
}

/// How a column's text is made comparable, and what it has to be then.
#[derive(Clone, Default)]
pub struct Comparison {
    /// Whether white space at both ends does not count.
    pub trims: bool,
    /// Characters, each with what stands for it: no character stands in the place of another.
    pub replaced: Vec<(char, &'static str)>,
    /// What is found: a text that is one of these, after that.
    pub wanted: Vec<Searched>,
}

/// Each character that a normaliser changes, with its result.
type Changes = Vec<(char, String)>;

static LOWERCASE: LazyLock<Changes> = LazyLock::new(|| changes(Normalizer::Lowercase));
static CASEFOLD: LazyLock<Changes> = LazyLock::new(|| changes(Normalizer::Casefold));

fn changes(step: Normalizer) -> Changes {
    let results = ('\0'..=char::MAX).map(|character| {
        let text = character.to_string();
        let result = normalize(&[step], &text).into_owned();
        (character, text, result)
    });
    results.filter(|(_, text, result)| text != result).map(|(character, _, result)| (character, result)).collect()
}

/// Whether SQL can find rows in the clear that are equal after these steps: where they are `Trim` and at most one of
/// `Lowercase` and `Casefold`.
#[must_use]
pub fn is_comparable(steps: &[Normalizer]) -> bool {
    let cases = steps.iter().filter(|step| matches!(step, Normalizer::Lowercase | Normalizer::Casefold)).count();
    let trims = steps.iter().filter(|step| matches!(step, Normalizer::Trim)).count();
    cases <= 1 && cases + trims == steps.len()
}

impl Comparison {
    /// How to find what equals `encoded` after these steps. `None` if SQL cannot: see [`is_comparable`].
    #[must_use]
    pub fn new(steps: &[Normalizer], class: Class, encoded: &[u8]) -> Option<Self> {
        let text = match (class, steps) {
            (_, []) => return Some(Self::exact(encoded.to_vec())),
            (Class::Text, _) if is_comparable(steps) => str::from_utf8(encoded).ok()?,
            _ => return None,
        };
        let normal = Zeroizing::new(normalize(steps, text).into_owned());
        let trims = steps.iter().any(|step| matches!(step, Normalizer::Trim));
        let case = steps.iter().find(|step| !matches!(step, Normalizer::Trim));
        let (changes, wanted) = match case {
            None => return Some(Self { trims, ..Self::exact(normal.as_bytes().to_vec()) }),
            Some(Normalizer::Lowercase) => (&*LOWERCASE, spellings(&normal)?),
            Some(_) => (&*CASEFOLD, vec![normal.clone()]),
        };
        // A capital sigma has two small ones, by its place in a word: spelled out, where it matters.
        let is_sigma = |from: char| from == 'Σ' && matches!(case, Some(Normalizer::Lowercase));
        let matters = |(from, to): &&(char, String)| !is_sigma(*from) && normal.contains(to.as_str());
        let replaced = changes.iter().filter(matters).map(|(from, to)| (*from, to.as_str())).collect();
        let wanted = wanted.iter().map(|spelling| Searched::new(spelling.as_bytes().to_vec())).collect();
        Some(Self { trims, replaced, wanted })
    }

    fn exact(encoded: Vec<u8>) -> Self {
        Self { wanted: vec![Searched::new(encoded)], ..Self::default() }
    }

    /// Finds what `other` finds too, of the same index: a character that matters to one value alone is replaced for both,
    /// which finds neither more nor less.
    pub fn join(&mut self, other: Self) {
        self.trims |= other.trims;
        self.wanted.extend(other.wanted);
        for change in other.replaced {
            if !self.replaced.contains(&change) {
                self.replaced.push(change);
            }
        }
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparison").finish_non_exhaustive()
    }
}

/// A lowercase text with each of its sigmas small or, if that is what lowercase makes of it there, capital.
fn spellings(normal: &str) -> Option<Vec<Zeroizing<String>>> {
    let mut spellings = vec![Zeroizing::new(normal.to_owned())];
    let sigmas = normal.char_indices().filter(|(_, character)| matches!(character, 'σ' | 'ς'));
    for (count, (at, sigma)) in sigmas.enumerate() {
        if count == SIGMAS_MAX {
            return None;
        }
        let capital = |text: &Zeroizing<String>| {
            let mut text = text.clone();
            // All three have two bytes.
            text.replace_range(at..at + sigma.len_utf8(), "Σ");
            text
        };
        let more: Vec<_> = spellings.iter().map(capital).filter(|text| text.to_lowercase() == normal).collect();
        spellings.extend(more);
    }
    Some(spellings)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use proptest::prelude::*;

    use super::*;
    use Normalizer::{Casefold, Digits, Lowercase, Nfkc, Trim};

    impl Comparison {
        /// What SQL makes of it.
        fn finds(&self, row: &str) -> bool {
            let mut row = if self.trims { row.trim() } else { row }.to_owned();
            for (from, to) in &self.replaced {
                row = row.replace(*from, to);
            }
            self.wanted.iter().any(|wanted| wanted.bytes() == row.as_bytes())
        }
    }

    fn comparison(steps: &[Normalizer], value: &str) -> Comparison {
        Comparison::new(steps, Class::Text, value.as_bytes()).unwrap()
    }

    /// Few letters, so that different texts are equal after normalisation.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ \u{A0}aAkK\u{212A}sSſßẞΣσς]{0,6}",
            "[ΑαΣσς ]{0,8}",
            "[iIİı\u{307}fFﬁﬀ]{0,5}",
            "[ǅǄǆꭰᎠ \u{2003}]{0,4}"
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]
        #[test]
        fn what_is_found_is_what_has_the_same_tag(row in texts(), value in texts()) {
            for steps in [&[][..], &[Trim], &[Lowercase], &[Casefold], &[Trim, Lowercase], &[Casefold, Trim]] {
                let equal = normalize(steps, &row) == normalize(steps, &value);
                prop_assert_eq!(comparison(steps, &value).finds(&row), equal, "{:?}", steps);
                let mut joined = comparison(steps, "ſome K ΟΔΟΣ");
                joined.join(comparison(steps, &value));
                let other = normalize(steps, &row) == normalize(steps, "ſome K ΟΔΟΣ");
                prop_assert_eq!(joined.finds(&row), equal || other, "{:?}", steps);
            }
        }
    }

    #[test]
    fn every_character_is_found_by_its_other_case() {
        for steps in [[Lowercase], [Casefold]] {
            for character in '\0'..=char::MAX {
                let row = character.to_string();
                let value = normalize(&steps, &row).into_owned();
                if value != row {
                    assert!(comparison(&steps, &value).finds(&row), "{steps:?} U+{:04X}", u32::from(character));
                }
            }
        }
    }

    #[test]
    fn only_what_matters_to_the_value_is_replaced() {
        let found = comparison(&[Lowercase], "Ada");
        assert_eq!(found.replaced, [('A', "a"), ('D', "d")]);
        assert_eq!(comparison(&[Casefold], "Maß").replaced.iter().filter(|(_, to)| *to == "ss").count(), 2);
    }

    #[test]
    fn what_sql_cannot_do_is_told() {
        for steps in [&[Nfkc][..], &[Digits], &[Lowercase, Casefold], &[Lowercase, Lowercase], &[Trim, Nfkc]] {
            assert!(!is_comparable(steps), "{steps:?}");
            assert!(Comparison::new(steps, Class::Text, b"ada").is_none());
        }
        assert!(Comparison::new(&[Lowercase], Class::Text, "σ".repeat(11).as_bytes()).is_none());
        assert!(Comparison::new(&[Lowercase], Class::Text, "σ".repeat(10).as_bytes()).is_some());
        assert!(Comparison::new(&[], Class::Bytes, &[0xFF]).is_some());
    }
}
