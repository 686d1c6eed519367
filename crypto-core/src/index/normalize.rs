//! Normalisation of a text before it is compared: the steps that a model declares, in their order.
//!
//! A value is sealed as it is; only the tag is computed over the normalised text. Results that change for the same text
//! lose the values that were indexed before, which is why the Unicode version is registered beside the steps.

use std::borrow::Cow;
use std::mem;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use zeroize::{Zeroize, Zeroizing};

use super::{Normalizer, casefold, digits};

/// The text after every step. Allocates only for a step that changes it; what lies between is wiped.
#[must_use]
pub fn normalize<'a>(steps: &[Normalizer], text: &'a str) -> Cow<'a, str> {
    steps.iter().fold(Cow::Borrowed(text), |text, step| match text {
        Cow::Borrowed(text) => step.apply(text),
        Cow::Owned(text) => Cow::Owned(step.replace(text)),
    })
}

/// The first function of the application's own that changes its own result, for this text. Such a function loses
/// searches for what it returns, since it is applied to them too.
pub(crate) fn unstable(steps: &[Normalizer], text: &str) -> Option<&'static str> {
    steps.iter().enumerate().find_map(|(at, step)| {
        let Normalizer::Custom { name, apply } = step else { return None };
        let once = Zeroizing::new(normalize(steps.get(..=at).unwrap_or_default(), text).into_owned());
        let twice = Zeroizing::new(apply(&once));
        (once != twice).then_some(*name)
    })
}

/// The Unicode versions that the steps follow, for the registry: `17.0.0`, `17.0.0 18.0.0`, or nothing if no step follows
/// one. Each step's own, in their order, once where neighbours agree.
///
/// Lowercase, casefold and trim follow the standard library, and so the compiler that the application is built with.
#[must_use]
pub fn unicode_versions(steps: &[Normalizer]) -> String {
    let mut versions: Vec<_> = steps.iter().filter_map(Normalizer::unicode_version).collect();
    versions.dedup();
    let versions: Vec<_> = versions.iter().map(|(major, minor, update)| format!("{major}.{minor}.{update}")).collect();
    versions.join(" ")
}

impl Normalizer {
    /// The version of Unicode that this step follows. The application's own function has none that is known.
    #[must_use]
    pub const fn unicode_version(&self) -> Option<(u8, u8, u8)> {
        match self {
            Self::Lowercase | Self::Casefold | Self::Trim => Some(char::UNICODE_VERSION),
            Self::Nfkc => Some(unicode_normalization::UNICODE_VERSION),
            Self::Digits => Some(digits::UNICODE_VERSION),
            Self::Custom { .. } => None,
        }
    }

    fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self {
            Self::Lowercase => lowercase(text),
            Self::Casefold => casefold::casefold(text),
            Self::Trim => Cow::Borrowed(text.trim()),
            Self::Nfkc => nfkc(text),
            Self::Digits => digits::digits(text),
            Self::Custom { apply, .. } => Cow::Owned(apply(text)),
        }
    }

    /// The same for a text that an earlier step made: kept if it does not change, wiped if it does.
    fn replace(&self, mut text: String) -> String {
        let next = match self.apply(&text) {
            Cow::Borrowed(same) if same.len() == text.len() => return text,
            Cow::Borrowed(part) => part.to_owned(),
            Cow::Owned(next) => next,
        };
        mem::take(&mut text).zeroize();
        next
    }
}

fn lowercase(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| !byte.is_ascii() || byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

fn nfkc(text: &str) -> Cow<'_, str> {
    if is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfkc().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN: Normalizer = Normalizer::Custom {
        name: "domain",
        apply: |text| text.rsplit_once('@').map_or(String::new(), |(_, domain)| domain.to_owned()),
    };

    #[test]
    fn without_steps_nothing_is_copied() {
        assert!(matches!(normalize(&[], "Ada "), Cow::Borrowed("Ada ")));
    }

    #[test]
    fn a_text_that_is_normal_already_is_not_copied() {
        use Normalizer::{Casefold, Digits, Lowercase, Nfkc, Trim};
        assert!(matches!(normalize(&[Trim, Nfkc, Lowercase, Casefold], "ada"), Cow::Borrowed("ada")));
        assert!(matches!(normalize(&[Trim, Digits], " 030 "), Cow::Borrowed("030")));
    }

    #[test]
    fn steps_are_applied_in_their_order() {
        let text = " Ada@EXAMPLE.org ";
        assert_eq!(normalize(&[Normalizer::Trim, Normalizer::Lowercase, DOMAIN], text), "example.org");
        assert_eq!(normalize(&[DOMAIN, Normalizer::Trim], text), "EXAMPLE.org");
        assert_eq!(normalize(&[DOMAIN, Normalizer::Lowercase], text), "example.org ");
    }

    #[test]
    fn a_function_that_changes_its_own_result_is_found() {
        const ALL: Normalizer = Normalizer::Custom {
            name: "all",
            apply: |text| text.rsplit_once('@').map_or(text, |(_, domain)| domain).to_owned(),
        };
        assert_eq!(unstable(&[Normalizer::Trim, ALL, DOMAIN], "ada@example.org"), None);
        assert_eq!(unstable(&[Normalizer::Trim, ALL], " example.org "), None);
        assert_eq!(unstable(&[Normalizer::Trim, DOMAIN], "ada@example.org"), Some("domain"));
        assert_eq!(unstable(&[Normalizer::Digits], "1 2"), None);
    }

    #[test]
    fn each_step_follows_unicode() {
        assert_eq!(normalize(&[Normalizer::Lowercase], "ÄDA ΟΔΟΣ"), "äda οδος");
        assert_eq!(normalize(&[Normalizer::Casefold], "Straße"), "strasse");
        assert_eq!(normalize(&[Normalizer::Trim], "\u{2003}a b\u{A0}\n"), "a b");
        assert_eq!(normalize(&[Normalizer::Nfkc], "ﬁ①Å\u{65}\u{301}"), "fi1Åé");
        assert_eq!(normalize(&[Normalizer::Digits], "+49 ٣"), "493");
    }

    #[test]
    fn the_registry_learns_which_unicode_versions_count() {
        let (major, minor, update) = char::UNICODE_VERSION;
        assert_eq!(unicode_versions(&[Normalizer::Trim, Normalizer::Lowercase]), format!("{major}.{minor}.{update}"));
        assert_eq!(unicode_versions(&[DOMAIN]), "");
        assert!(unicode_versions(&[Normalizer::Lowercase, Normalizer::Digits]).ends_with(" 18.0.0"));
    }
}
