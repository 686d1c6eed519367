//! The options of an attribute, `name`, `name = value` or `name(..)`, before anyone knows what they mean.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitInt, LitStr, Meta, Path, Token, Type, TypePath};

use crate::errors::{Errors, list, suggestion};

/// The options of one of our attributes.
pub(crate) fn options(attribute: &Attribute, errors: &mut Errors) -> Vec<OptionEntry> {
    match &attribute.meta {
        Meta::Path(_) => Vec::new(),
        Meta::List(meta) => match OptionEntry::list.parse2(meta.tokens.clone()) {
            Ok(options) => options,
            Err(error) => {
                errors.push(error);
                Vec::new()
            }
        },
        Meta::NameValue(meta) => {
            let name = meta.path.get_ident().map_or_else(String::new, Ident::to_string);
            errors.at(meta, format!("options stand in parentheses: `#[{name}(option = ..)]`"));
            Vec::new()
        }
    }
}

/// The options of a `#[diesel(..)]`. What cannot be read is left to Diesel's own derives to report.
pub(crate) fn diesel_options(attribute: &Attribute) -> Vec<OptionEntry> {
    match &attribute.meta {
        Meta::List(meta) if attribute.path().is_ident("diesel") => {
            OptionEntry::list.parse2(meta.tokens.clone()).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// One option of an attribute: `name`, `name = value` or `name(..)`.
pub(crate) struct OptionEntry {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

pub(crate) enum Value {
    None,
    Type(Type),
    Expr(Expr),
    List(TokenStream),
}

impl Parse for OptionEntry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Value::parse(input)?
        } else if input.peek(syn::token::Paren) {
            let list;
            syn::parenthesized!(list in input);
            Value::List(list.parse()?)
        } else {
            Value::None
        };
        Ok(Self { name, value })
    }
}

impl Value {
    /// A type where one can be read (paths and `Vec<A, B>` are types), else an expression.
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ahead = input.fork();
        match ahead.parse::<Type>() {
            Ok(ty) if ahead.is_empty() || ahead.peek(Token![,]) => {
                input.advance_to(&ahead);
                Ok(Self::Type(ty))
            }
            _ => input.parse().map(Self::Expr),
        }
    }
}

impl OptionEntry {
    fn list(input: ParseStream<'_>) -> syn::Result<Vec<Self>> {
        Ok(Punctuated::<Self, Token![,]>::parse_terminated(input)?.into_iter().collect())
    }

    /// The option's name if `allowed` has it and it was not `seen`; reports it otherwise.
    pub(crate) fn known(
        &self,
        attribute: &str,
        allowed: &'static [&'static str],
        seen: &mut Vec<Ident>,
        errors: &mut Errors,
    ) -> Option<&'static str> {
        let found = self.name.to_string();
        let Some(name) = allowed.iter().find(|name| **name == found) else {
            let near = suggestion(&found, allowed);
            let message =
                format!("unknown option `{found}` of `#[{attribute}]`{near}\nthe options are {}", list(allowed));
            errors.at(&self.name, message);
            return None;
        };
        if seen.contains(&self.name) {
            errors.at(&self.name, format!("the option `{name}` is given twice"));
            return None;
        }
        seen.push(self.name.clone());
        Some(name)
    }

    /// Reports an option whose value has another form than `form`.
    pub(crate) fn check_form(&self, attribute: &str, form: Option<&str>, errors: &mut Errors) {
        if let Some(form) = form {
            errors.at(&self.name, format!("the option `{}` of `#[{attribute}]` is written `{form}`", self.name));
        }
    }

    pub(crate) fn ty(&self) -> Option<Type> {
        match &self.value {
            Value::Type(ty) => Some(ty.clone()),
            _ => None,
        }
    }

    pub(crate) fn path(&self) -> Option<Path> {
        match &self.value {
            Value::Type(Type::Path(TypePath { qself: None, path })) => Some(path.clone()),
            _ => None,
        }
    }

    fn literal(&self) -> Option<&Lit> {
        match &self.value {
            Value::Expr(Expr::Lit(ExprLit { lit, .. })) => Some(lit),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<LitStr> {
        match self.literal() {
            Some(Lit::Str(text)) => Some(text.clone()),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<LitInt> {
        match self.literal() {
            Some(Lit::Int(number)) => Some(number.clone()),
            _ => None,
        }
    }

    /// One or several strings: `= "a"` or `("a", "b")`.
    pub(crate) fn texts(&self) -> Option<Vec<LitStr>> {
        match &self.value {
            Value::List(tokens) => {
                let texts = Punctuated::<LitStr, Token![,]>::parse_terminated.parse2(tokens.clone()).ok()?;
                Some(texts.into_iter().collect::<Vec<_>>()).filter(|texts| !texts.is_empty())
            }
            _ => self.text().map(|text| vec![text]),
        }
    }

    /// `(a, b)`.
    pub(crate) fn idents(&self) -> Option<Vec<Ident>> {
        match &self.value {
            Value::List(tokens) => {
                let idents = Punctuated::<Ident, Token![,]>::parse_terminated.parse2(tokens.clone()).ok()?;
                Some(idents.into_iter().collect())
            }
            _ => None,
        }
    }

    /// `= column`, `= r#column` or `= "column"`, as Diesel has it.
    pub(crate) fn column(&self) -> Option<Ident> {
        match self.text() {
            Some(text) => {
                let name = text.value();
                let name = name.strip_prefix("r#").unwrap_or(&name);
                let ident = syn::parse_str::<Ident>(name).or_else(|_| syn::parse_str(&format!("r#{name}"))).ok();
                ident.map(|mut ident| {
                    ident.set_span(text.span());
                    ident
                })
            }
            None => self.path()?.get_ident().cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::{OptionEntry, Value, diesel_options, options};
    use crate::errors::Errors;

    fn names(options: &[OptionEntry]) -> Vec<String> {
        options.iter().map(|option| option.name.to_string()).collect()
    }

    #[test]
    fn everything_that_diesel_allows_is_read() {
        let found = diesel_options(&parse_quote!(#[diesel(
            table_name = crate::schema::patients,
            belongs_to(User, foreign_key = owner),
            check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg),
            serialize_as = std::collections::HashMap<u8, Vec<String>>,
            select_expression = patients::email.nullable().is_not_null(),
            select_expression_type = dsl::Eq<patients::id, i32>,
            postgres_type(oid = 37, array_oid = 54),
            treat_none_as_null = true,
            not_sized,
        )]));
        let expected = [
            "table_name",
            "belongs_to",
            "check_for_backend",
            "serialize_as",
            "select_expression",
            "select_expression_type",
            "postgres_type",
            "treat_none_as_null",
            "not_sized",
        ];
        assert_eq!(names(&found), expected);
    }

    #[test]
    fn what_diesel_would_refuse_is_left_to_diesel() {
        assert!(diesel_options(&parse_quote!(#[diesel(table_name = ,)])).is_empty());
        assert!(diesel_options(&parse_quote!(#[diesel])).is_empty());
    }

    #[test]
    fn what_cannot_be_read_of_our_own_is_reported() {
        let mut errors = Errors::default();
        assert!(options(&parse_quote!(#[encrypt(id = ,)]), &mut errors).is_empty());
        assert!(!errors.into_compile_errors().is_empty());
    }

    #[test]
    fn a_column_is_an_identifier_a_raw_one_or_a_string() {
        for (attribute, expected) in [
            (parse_quote!(#[diesel(column_name = email)]), "email"),
            (parse_quote!(#[diesel(column_name = r#type)]), "r#type"),
            (parse_quote!(#[diesel(column_name = "email")]), "email"),
            (parse_quote!(#[diesel(column_name = "type")]), "r#type"),
            (parse_quote!(#[diesel(column_name = "r#type")]), "r#type"),
        ] {
            let found = diesel_options(&attribute);
            let column = found.first().and_then(OptionEntry::column).map(|column| column.to_string());
            assert_eq!(column.as_deref(), Some(expected));
        }
        let found = diesel_options(&parse_quote!(#[diesel(column_name = "two words")]));
        assert!(found.iter().all(|option| option.column().is_none() && matches!(option.value, Value::Expr(_))));
    }
}
