//! Judges a parsed model. What is wrong is reported and taken out, so that what is left expands without an echo.

use std::collections::HashMap;

use quote::ToTokens;
use syn::{GenericParam, LitStr};

use crate::attributes::{BoundTo, Encrypt, Searchable};
use crate::errors::{Errors, list, suggestion};
use crate::model::{Field, Model, Role, name, option_argument};

/// The most blind indexes of a field: four bits of the format count them.
const INDEXES_MAX: usize = 15;

/// Reports every broken rule.
pub(crate) fn validate(model: &mut Model, errors: &mut Errors) {
    if model.fields.is_empty() {
        return;
    }
    if model.table.is_none() {
        errors.at(
            &model.ident,
            format!("`{}` does not say which table it maps to: add `#[diesel(table_name = ..)]`", model.ident),
        );
    }
    let broken: Vec<bool> = model.fields.iter().map(|field| !has_good_shape(model, field, errors)).collect();
    for (field, broken) in model.fields.iter_mut().zip(broken) {
        field.broken = broken;
    }
    match &model.role {
        Role::Declares => declares(model, errors),
        Role::Uses(_) => uses(model, errors),
    }
    take_out(model, errors);
}

/// Rules for the type and Diesel's attributes of a field, whoever declares its column.
fn has_good_shape(model: &Model, field: &Field, errors: &mut Errors) -> bool {
    if field.encrypt.is_none() && !field.looks_encrypted() {
        return true;
    }
    if let Some(embed) = &field.embed {
        errors.at(embed, "an embedded struct has columns of its own: derive `Encrypted` on that struct");
        return false;
    }
    if field.looks_plain() {
        plain_type(model, field, errors);
        return false;
    }
    let Some(inner) = option_argument(&field.ty) else { return true };
    if option_argument(inner).is_some() {
        let advice = "write `Encrypted<Option<T>, C>` to write NULL, `Option<Encrypted<T, C>>` to leave the column as it \
                      is, or `Option<Encrypted<Option<T>, C>>` for both";
        errors.at(&field.ty, format!("`Option<Option<..>>` cannot hold an encrypted value: {advice}"));
        return false;
    }
    let as_null = field.none.as_null.as_ref().or(model.none.as_null.as_ref()).filter(|(yes, _)| *yes);
    let as_default = field.none.as_default.as_ref().or(model.none.as_default.as_ref()).filter(|(yes, _)| !*yes);
    let Some((value, option)) = as_null.or(as_default) else { return true };
    errors.at(
        &field.ty,
        format!(
            "`{option} = {value}` has Diesel bind the `None` of an `Option<Encrypted<..>>` itself\nwrite \
             `Encrypted<Option<T>, C>`, whose `None` is NULL"
        ),
    );
    false
}

/// A type that would be stored in the clear: says which one to write.
fn plain_type(model: &Model, field: &Field, errors: &mut Errors) {
    let text = |tokens: proc_macro2::TokenStream| {
        let text = tokens.to_string();
        [(" ::", "::"), (":: ", "::"), (" <", "<"), ("< ", "<"), (" >", ">"), ("& ", "&"), (" ,", ",")]
            .iter()
            .fold(text, |text, (from, to)| text.replace(from, to))
    };
    let inner = option_argument(&field.ty);
    let value = text(inner.unwrap_or(&field.ty).to_token_stream());
    let bound = field.encrypt.as_ref().is_some_and(|encrypt| encrypt.bound_to.is_some());
    let wrapper = if bound { "Sealed" } else { "Encrypted" };
    let column = field.column.to_string();
    let column = match &model.table {
        Some(table) => format!("{}::{column}", text(table.to_token_stream())),
        None => column,
    };
    let column = match &model.foreign_schema {
        Some(_) => format!("Of<{}, {column}>", model.ident),
        None => column,
    };
    let ty = format!("{wrapper}<{value}, {column}>");
    let ty = if inner.is_some() { format!("Option<{ty}>") } else { ty };
    errors.at(&field.ty, format!("`{}` is to be encrypted, but its type is plain: write `{ty}`", field.ident));
}

/// Rules for a struct that declares its columns.
fn declares(model: &Model, errors: &mut Errors) {
    let parameters = model.generics.params.iter();
    for parameter in parameters.filter(|parameter| !matches!(parameter, GenericParam::Lifetime(_))) {
        errors.at(
            parameter,
            "a column is declared once, for one type: a model that declares columns has lifetimes, but no other \
             parameters\nname the type itself, or make this struct a user of the columns with \
             `#[encrypted(columns_of = Model)]`",
        );
    }
    if model.encrypted().next().is_none() {
        errors.at(
            &model.ident,
            format!(
                "`{}` derives `Encrypted`, but none of its fields is encrypted: mark one with `#[encrypt]`, or say whose \
                 columns it uses with `#[encrypted(columns_of = Model)]`",
                model.ident
            ),
        );
    }
    if let Some(table) = model.sql_table.as_ref().filter(|table| !is_clean(&table.value())) {
        errors.at(table, "the table's name in SQL is `\"table\"` or `\"schema.table\"`, without spaces around it");
    }
    for field in &model.fields {
        match &field.encrypt {
            Some(encrypt) => declared(model, field, encrypt, errors),
            None => {
                for index in &field.searchable {
                    errors.at_span(
                        index.span,
                        format!(
                            "`{}` is not encrypted: a blind index belongs to an encrypted field\nadd `#[encrypt]`, or \
                             remove `#[searchable]`: Diesel searches a plain column by itself",
                            field.ident
                        ),
                    );
                }
            }
        }
    }
    constants(model, errors);
}

/// Rules for one declared field.
fn declared(model: &Model, field: &Field, encrypt: &Encrypt, errors: &mut Errors) {
    if is_key(model, field) {
        errors.at(
            &field.ident,
            format!(
                "`{}` is the primary key, by which rows are found: it cannot be encrypted, since each sealing differs",
                field.column
            ),
        );
    }
    if let Some(id) = encrypt.id.as_ref().filter(|id| !is_clean(&id.value())) {
        errors.at(id, "a field id has 1 to 255 bytes, without control characters or spaces around it");
    }
    match &encrypt.bound_to {
        Some(BoundTo::Columns(columns)) => {
            let others: Vec<&Field> = model.fields.iter().filter(|other| other.embed.is_none()).collect();
            for (at, column) in columns.iter().enumerate() {
                let found = name(column);
                let owner = others.iter().find(|other| name(&other.column) == found);
                if columns.iter().take(at).any(|earlier| name(earlier) == found) {
                    errors.at(column, format!("`bound_to` names the column `{found}` twice"));
                } else if owner.is_some_and(|owner| owner.encrypt.is_some()) {
                    errors.at(
                        column,
                        format!(
                            "`{found}` is encrypted itself: bind to columns that never change and are read in the clear, \
                             such as a user's id"
                        ),
                    );
                } else if owner.is_none() {
                    let plain = others.iter().filter(|other| other.encrypt.is_none());
                    let columns: Vec<String> = plain.map(|other| name(&other.column)).collect();
                    let near = suggestion(&found, &columns);
                    errors.at(
                        column,
                        format!(
                            "`{}` has no column `{found}` to bind to{near}\nits plain columns are {}; for an owner that \
                             the row does not name, write `bound_to = external`",
                            model.ident,
                            list(&columns)
                        ),
                    );
                }
            }
        }
        Some(BoundTo::External) | None => {}
    }
    indexes(field, errors);
}

/// Whether the field's column is part of the primary key.
fn is_key(model: &Model, field: &Field) -> bool {
    model.primary_key.iter().any(|key| name(key) == name(&field.column))
}

/// Rules for the blind indexes of a field.
fn indexes(field: &Field, errors: &mut Errors) {
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
fn constants(model: &Model, errors: &mut Errors) {
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

/// Rules for a struct that uses another model's columns.
fn uses(model: &Model, errors: &mut Errors) {
    let Role::Uses(declarer) = &model.role else { return };
    let declarer = quote::quote!(#declarer).to_string().replace(' ', "");
    if let Some(option) = &model.foreign_schema {
        errors.at(option, format!("`foreign_schema` belongs on `{declarer}`, which declares the columns"));
    }
    if let Some(table) = &model.sql_table {
        errors.at(table, format!("`table` belongs on `{declarer}`, which declares the columns"));
    }
    for field in &model.fields {
        for option in field.encrypt.iter().flat_map(|encrypt| &encrypt.options) {
            errors.at(option, format!("`{option}` belongs on the field of `{declarer}`, which declares the column"));
        }
        for index in &field.searchable {
            errors.at_span(
                index.span,
                format!("`#[searchable]` belongs on the field of `{declarer}`, which declares the column"),
            );
        }
    }
    if !model.fields.iter().any(|field| field.encrypt.is_some() || field.looks_encrypted()) {
        errors.at(
            &model.ident,
            format!("no field of `{}` is an encrypted column of `{declarer}`: there is nothing to check", model.ident),
        );
    }
}

/// Two fields with one column or one field id. The later one is no longer expanded, nor is an encrypted key.
fn take_out(model: &mut Model, errors: &mut Errors) {
    let mut columns: HashMap<String, String> = HashMap::new();
    let mut ids: HashMap<String, String> = HashMap::new();
    let mut left_out = Vec::new();
    for (at, field) in model.fields.iter().enumerate() {
        let Some(encrypt) = &field.encrypt else { continue };
        let column = name(&field.column);
        let id = model.field_id(field, encrypt);
        if let Some(other) = columns.insert(column.clone(), field.ident.to_string()) {
            errors.at(
                &field.column,
                format!("the fields `{other}` and `{}` both map to the column `{column}`", field.ident),
            );
            left_out.push(at);
        } else if let Some(other) = ids.insert(id.clone(), field.ident.to_string()) {
            let message = format!(
                "the fields `{other}` and `{}` have the same field id `{id}`: keys belong to one field",
                field.ident
            );
            match &encrypt.id {
                Some(given) => errors.at(given, message),
                None => errors.at(&field.ident, message),
            }
        }
        if is_key(model, field) {
            left_out.push(at);
        }
    }
    for at in left_out {
        if let Some(field) = model.fields.get_mut(at) {
            field.encrypt = None;
        }
    }
    for field in &mut model.fields {
        field.searchable.truncate(INDEXES_MAX);
        let mut seen: Vec<Option<String>> = Vec::new();
        for index in &mut field.searchable {
            let given = index.name.as_ref().map(LitStr::value);
            if seen.contains(&given) || given.as_ref().is_some_and(|given| !is_index_name(given)) {
                index.name = None;
            }
            seen.push(given);
        }
    }
}

fn is_index_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Whether a name can stand in messages and in the registry.
fn is_clean(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.trim() == name && !name.contains(char::is_control)
}
