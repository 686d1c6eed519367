//! Judges a parsed model. What is wrong is reported and taken out, so that what is left expands without an echo.

mod index;
mod shape;

use std::collections::HashMap;

use syn::{GenericParam, Ident, LitStr};

use crate::attributes::{BoundTo, Encrypt};
use crate::errors::{Errors, list, suggestion};
use crate::model::{Field, Model, Role, name};
use index::{INDEXES_MAX, is_index_name};

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
    let broken: Vec<bool> = model.fields.iter().map(|field| !shape::has_good_shape(model, field, errors)).collect();
    for (field, broken) in model.fields.iter_mut().zip(broken) {
        field.broken = broken;
    }
    match &model.role {
        Role::Declares => declares(model, errors),
        Role::Uses(_) => uses(model, errors),
    }
    take_out(model, errors);
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
    index::constants(model, errors);
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
    if let Some(BoundTo::Columns(columns)) = &encrypt.bound_to {
        bound_to(model, columns, errors);
    }
    index::indexes(field, errors);
}

/// Rules for the columns that values are bound to.
fn bound_to(model: &Model, columns: &[Ident], errors: &mut Errors) {
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

/// Whether the field's column is part of the primary key.
fn is_key(model: &Model, field: &Field) -> bool {
    model.primary_key.iter().any(|key| name(key) == name(&field.column))
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

/// Whether a name can stand in messages and in the registry.
fn is_clean(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.trim() == name && !name.contains(char::is_control)
}
