//! Rules for the type of a field and for what Diesel is told of it, whoever declares its column.

use quote::ToTokens;

use crate::errors::Errors;
use crate::model::{Field, Model, Role, option_argument};

/// Whether the type can be one of an encrypted field, as far as the derive can see; reports it otherwise.
pub(super) fn has_good_shape(model: &Model, field: &Field, errors: &mut Errors) -> bool {
    if field.encrypt.is_none() && !field.looks_encrypted() {
        return true;
    }
    // In a struct that uses columns, the type is checked by rustc: a wrapper may be embedded, for `COPY`.
    let embed = field.embed.as_ref().filter(|_| matches!(model.role, Role::Declares));
    if let Some(embed) = embed {
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
