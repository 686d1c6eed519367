//! Rules for the blind indexes of a model.

use std::collections::HashMap;

use crate::attributes::Searchable;
use crate::errors::Errors;
use crate::model::{Field, Model, name};
use crate::validate::is_clean;

/// The most blind indexes of a field: four bits of the format count them.
pub(super) const INDEXES_MAX: usize = 15;

/// Rules for the blind indexes of a field.
pub(super) fn indexes(field: &Field, errors: &mut Errors) {
    if let Some(index) = field.searchable.get(INDEXES_MAX) {
        errors.at_span(
            index.span,
            format!(
                "`{}` has {} blind indexes, and a value has room for {INDEXES_MAX}",
                field.ident,
                field.searchable.len()
            ),
        );
    }
    let mut names: Vec<String> = Vec::new();
    for index in field.searchable.iter().take(INDEXES_MAX) {
        let found = index.name();
        if names.contains(&found) {
            match &index.name {
                Some(given) => errors.at(given, format!("`{}` has two blind indexes named `{found}`", field.ident)),
                None => errors.at_span(
                    index.span,
                    format!(
                        "`{}` has two blind indexes named `{found}`: give each further one a `name = \"..\"`",
                        field.ident
                    ),
                ),
            }
        }
        names.push(found);
        index_options(index, errors);
    }
}

fn index_options(index: &Searchable, errors: &mut Errors) {
    if let Some(given) = index.name.as_ref().filter(|name| !is_index_name(&name.value())) {
        errors.at(
            given,
            "the name of a blind index is part of a constant's name: lowercase ASCII letters, digits and `_`, beginning \
             with a letter",
        );
    }
    if let Some(domain) = index.domain.as_ref().filter(|domain| !is_clean(&domain.value())) {
        errors.at(domain, "a domain has 1 to 255 bytes, without control characters or spaces around it");
    }
    if let (Some((bits, span)), Some(_), true) = (&index.bits, &index.domain, index.is_truncated()) {
        errors.at_span(
            *span,
            format!(
                "an index with a domain is there for joins, and tags of {bits} bits cannot be joined: different values \
                 share them\nremove `bits` or `domain`"
            ),
        );
    }
}

/// Two named indexes whose constants would have one name.
pub(super) fn constants(model: &Model, errors: &mut Errors) {
    let mut owners: HashMap<String, &Field> = HashMap::new();
    for (field, _) in model.encrypted() {
        for given in field.searchable.iter().filter_map(|index| index.name.as_ref()) {
            let constant = field.constant(given);
            match owners.insert(constant.clone(), field) {
                Some(other) if name(&other.ident) != name(&field.ident) => errors.at(
                    given,
                    format!(
                        "the index `{}` of `{}` and one of `{}` would both be named `{}::{constant}`: rename one",
                        given.value(),
                        field.ident,
                        other.ident,
                        model.ident
                    ),
                ),
                _ => {}
            }
        }
    }
}

/// Whether a name can be part of a constant's.
pub(super) fn is_index_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
