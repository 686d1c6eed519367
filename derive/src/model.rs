//! The parsed model: what the struct says, gathered in one place and not yet judged.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Generics, Ident, LitStr, Path, Type, Visibility};

use crate::attributes::{Encrypt, FieldAttributes, NoneAttributes, Searchable, StructAttributes};
use crate::errors::Errors;

/// A struct that derives `Encrypted`.
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) generics: Generics,
    /// Whether it declares columns or uses those of another model.
    pub(crate) role: Role,
    /// The path of the table's module; `None` if it is missing.
    pub(crate) table: Option<Path>,
    /// The table's name in SQL, where it differs.
    pub(crate) sql_table: Option<LitStr>,
    /// The columns of the primary key.
    pub(crate) primary_key: Vec<Ident>,
    /// What Diesel is told to do with `None` in every field.
    pub(crate) none: NoneAttributes,
    /// `#[encrypted(foreign_schema)]`.
    pub(crate) foreign_schema: Option<Ident>,
    /// Where our crate is found.
    pub(crate) krate: Path,
    /// All named fields, encrypted or not. Empty only if that was reported.
    pub(crate) fields: Vec<Field>,
}

/// What a struct has to do with its columns.
pub(crate) enum Role {
    /// It declares them.
    Declares,
    /// It uses those of this model.
    Uses(Box<Type>),
}

/// A field of a model.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// The column that it maps to: its own name, unless Diesel is told another.
    pub(crate) column: Ident,
    /// `#[encrypt]`.
    pub(crate) encrypt: Option<Encrypt>,
    /// Each `#[searchable]`, in the order of its slots.
    pub(crate) searchable: Vec<Searchable>,
    /// `#[diesel(embed)]`.
    pub(crate) embed: Option<Ident>,
    /// What Diesel is told to do with `None`.
    pub(crate) none: NoneAttributes,
    /// Whether its type was reported already, and the compiler need not look at it.
    pub(crate) broken: bool,
}

impl Model {
    /// Reads a struct. Something else than a struct with named fields is reported, and has no fields.
    pub(crate) fn parse(input: DeriveInput, errors: &mut Errors) -> Self {
        let attributes = StructAttributes::parse(&input.attrs, errors);
        let fields = named_fields(&input.ident, input.data, errors);
        Self {
            role: attributes.columns_of.map_or(Role::Declares, |declarer| Role::Uses(Box::new(declarer))),
            primary_key: attributes.primary_key.unwrap_or_else(|| {
                let span = attributes.table.as_ref().map_or_else(Span::call_site, Spanned::span);
                vec![Ident::new("id", span)]
            }),
            table: attributes.table,
            sql_table: attributes.sql_table,
            none: attributes.none,
            foreign_schema: attributes.foreign_schema,
            krate: attributes.krate.unwrap_or_else(|| syn::parse_quote!(::diesel_encrypted)),
            fields: fields.into_iter().map(|field| Field::parse(field, errors)).collect(),
            ident: input.ident,
            vis: input.vis,
            generics: input.generics,
        }
    }

    /// The fields marked with `#[encrypt]`.
    pub(crate) fn encrypted(&self) -> impl Iterator<Item = (&Field, &Encrypt)> {
        self.fields.iter().filter_map(|field| field.encrypt.as_ref().map(|encrypt| (field, encrypt)))
    }

    /// The name of the table in SQL, and in field ids.
    pub(crate) fn sql_table(&self) -> String {
        let by_path = || self.table.as_ref().and_then(|path| path.segments.last()).map(|last| name(&last.ident));
        self.sql_table.as_ref().map(LitStr::value).or_else(by_path).unwrap_or_default()
    }

    /// The identity of a field: pinned, or `table.column`.
    pub(crate) fn field_id(&self, field: &Field, encrypt: &Encrypt) -> String {
        let by_name = || format!("{}.{}", self.sql_table(), name(&field.column));
        encrypt.id.as_ref().map_or_else(by_name, LitStr::value)
    }

    /// `tokens` with each lifetime of the struct replaced by `'static`, for associated types and parameters of impls.
    pub(crate) fn without_lifetimes(&self, tokens: impl ToTokens) -> TokenStream {
        let own: Vec<&Ident> = self.generics.lifetimes().map(|parameter| &parameter.lifetime.ident).collect();
        make_static(tokens.to_token_stream(), &own)
    }
}

impl Field {
    /// The indexes that are searched, with their slots: those marked `removed` keep only the slot.
    pub(crate) fn live_indexes(&self) -> impl Iterator<Item = (usize, &Searchable)> {
        self.searchable.iter().enumerate().filter(|(_, index)| !index.removed)
    }

    fn parse((ident, field): (Ident, syn::Field), errors: &mut Errors) -> Self {
        let attributes = FieldAttributes::parse(&field.attrs, errors);
        Self {
            column: attributes.column.unwrap_or_else(|| ident.clone()),
            ident,
            ty: field.ty,
            encrypt: attributes.encrypt,
            searchable: attributes.searchable,
            embed: attributes.embed,
            none: attributes.none,
            broken: false,
        }
    }

    /// Whether its type is visibly `Encrypted<..>`, `Sealed<..>` or `Layered<..>`, in an `Option` or not.
    pub(crate) fn looks_encrypted(&self) -> bool {
        let inner = option_argument(&self.ty).unwrap_or(&self.ty);
        last_segment(inner).is_some_and(|last| ["Encrypted", "Sealed", "Layered"].iter().any(|ours| last.ident == ours))
    }

    /// Whether its type is visibly one of the language's own, in an `Option` or not.
    pub(crate) fn looks_plain(&self) -> bool {
        const PLAIN: &[&str] = &[
            "String", "str", "Vec", "Box", "Cow", "bool", "char", "i8", "i16", "i32", "i64", "i128", "isize", "u8",
            "u16", "u32", "u64", "u128", "usize", "f32", "f64",
        ];
        let inner = option_argument(&self.ty).unwrap_or(&self.ty);
        match inner {
            Type::Reference(_) | Type::Array(_) | Type::Tuple(_) => true,
            _ => last_segment(inner).is_some_and(|last| PLAIN.iter().any(|plain| last.ident == plain)),
        }
    }

    /// The name of the constant for one of its named indexes: `EMAIL_DOMAIN`.
    pub(crate) fn constant(&self, index: &LitStr) -> String {
        format!("{}_{}", name(&self.ident), index.value()).to_uppercase()
    }
}

/// An identifier as people say it, without `r#`.
pub(crate) fn name(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The argument of a type that is written `Option<..>`.
pub(crate) fn option_argument(ty: &Type) -> Option<&Type> {
    let last = last_segment(ty).filter(|last| last.ident == "Option")?;
    match &last.arguments {
        syn::PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(syn::GenericArgument::Type(ty)) => Some(ty),
            _ => None,
        },
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

fn named_fields(ident: &Ident, data: Data, errors: &mut Errors) -> Vec<(Ident, syn::Field)> {
    let what = match data {
        Data::Struct(data) => match data.fields {
            Fields::Named(fields) if !fields.named.is_empty() => {
                return fields.named.into_iter().filter_map(|field| field.ident.clone().map(|i| (i, field))).collect();
            }
            Fields::Unnamed(_) => "a tuple struct",
            Fields::Named(_) | Fields::Unit => "a struct without fields",
        },
        Data::Enum(_) => "an enum",
        Data::Union(_) => "a union",
    };
    errors.at(
        ident,
        format!("`Encrypted` is derived for a struct with named fields, one for each column; `{ident}` is {what}"),
    );
    Vec::new()
}

fn make_static(tokens: TokenStream, own: &[&Ident]) -> TokenStream {
    let mut after_quote = false;
    let replace = |token| match token {
        TokenTree::Group(group) => {
            after_quote = false;
            let mut inner = proc_macro2::Group::new(group.delimiter(), make_static(group.stream(), own));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        }
        TokenTree::Ident(ident) if std::mem::take(&mut after_quote) && own.contains(&&ident) => {
            TokenTree::Ident(Ident::new("static", ident.span()))
        }
        token => {
            after_quote = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
            token
        }
    };
    tokens.into_iter().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::Model;
    use crate::errors::Errors;

    #[test]
    fn only_the_lifetimes_of_the_struct_become_static() {
        let mut errors = Errors::default();
        let model = Model::parse(
            syn::parse_quote!(
                struct Letter<'a, 'b: 'a> {
                    text: &'a str,
                    other: &'b str,
                }
            ),
            &mut errors,
        );
        let found = model.without_lifetimes(quote!(Letter<'a, Cow<'b, for<'c> fn(&'c a)>>));
        assert_eq!(found.to_string(), quote!(Letter<'static, Cow<'static, for<'c> fn(&'c a)>>).to_string());
    }
}
