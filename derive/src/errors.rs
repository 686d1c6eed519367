//! The mistakes of one input, collected so that all of them are reported at once, each at the user's own tokens.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors {
    all: Option<syn::Error>,
}

impl Errors {
    /// Reports `message` at `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Reports `message` at `span`.
    pub(crate) fn at_span(&mut self, span: Span, message: impl std::fmt::Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Takes over an error that syn found.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.all {
            Some(all) => all.combine(error),
            None => self.all = Some(error),
        }
    }

    /// One `compile_error!` for each mistake; nothing if there was none.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.all.map(syn::Error::into_compile_error).unwrap_or_default()
    }
}

/// `` `a`, `b` and `c` ``: what is allowed.
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// `` ; did you mean `x`? `` if one of `allowed` is close to `found`, else nothing.
pub(crate) fn suggestion<S: AsRef<str>>(found: &str, allowed: &[S]) -> String {
    let near = |name: &&S| distance(found, name.as_ref()) <= 1 + name.as_ref().chars().count() / 4;
    match allowed.iter().filter(near).min_by_key(|name| distance(found, name.as_ref())) {
        Some(name) => format!("; did you mean `{}`?", name.as_ref()),
        None => String::new(),
    }
}

/// The Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let here = (diagonal + usize::from(from != *to)).min(*cell + 1).min(left + 1);
            diagonal = std::mem::replace(cell, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, list, suggestion};

    #[test]
    fn distance_counts_insertions_deletions_and_changes() {
        assert_eq!(distance("pad", "pad"), 0);
        assert_eq!(distance("pading", "pad"), 3);
        assert_eq!(distance("lowercsae", "lowercase"), 2);
        assert_eq!(distance("", "bits"), 4);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn a_close_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(suggestion("lowercsae", &["casefold", "lowercase"]), "; did you mean `lowercase`?");
        assert_eq!(suggestion("sort", &["casefold", "lowercase"]), "");
    }

    #[test]
    fn a_list_reads_as_a_sentence() {
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
