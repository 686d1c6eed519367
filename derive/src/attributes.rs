//! Reads attributes: Diesel's, of which most are none of our business, and our own, of which every mistake is.
//!
//! An option that is wrong is reported and then left out, so that the rest of the model is still checked and expanded.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Path, Type};

use crate::errors::{Errors, list, suggestion};
use crate::options::{OptionEntry, Value, diesel_options, options};

/// What stands at the struct.
#[derive(Default)]
pub(crate) struct StructAttributes {
    /// `#[diesel(table_name = ..)]`.
    pub(crate) table: Option<Path>,
    /// `#[diesel(primary_key(..))]`.
    pub(crate) primary_key: Option<Vec<Ident>>,
    /// What Diesel is told to do with `None`.
    pub(crate) none: NoneAttributes,
    /// `#[encrypted(columns_of = ..)]`.
    pub(crate) columns_of: Option<Type>,
    /// `#[encrypted(foreign_schema)]`.
    pub(crate) foreign_schema: Option<Ident>,
    /// `#[encrypted(table = "..")]`.
    pub(crate) sql_table: Option<LitStr>,
    /// `#[encrypted(crate = ..)]`.
    pub(crate) krate: Option<Path>,
}

/// What stands at a field.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    /// `#[diesel(column_name = ..)]`.
    pub(crate) column: Option<Ident>,
    /// `#[diesel(embed)]`.
    pub(crate) embed: Option<Ident>,
    /// What Diesel is told to do with `None`.
    pub(crate) none: NoneAttributes,
    /// `#[encrypt]`.
    pub(crate) encrypt: Option<Encrypt>,
    /// Each `#[searchable]`.
    pub(crate) searchable: Vec<Searchable>,
}

/// Where Diesel is told to bind a `None` rather than to leave its column out.
#[derive(Default)]
pub(crate) struct NoneAttributes {
    /// `treat_none_as_null`: whether, and where it says so.
    pub(crate) as_null: Option<(bool, Ident)>,
    /// `treat_none_as_default_value`: whether, and where it says so.
    pub(crate) as_default: Option<(bool, Ident)>,
}

/// `#[encrypt(..)]`.
pub(crate) struct Encrypt {
    /// The names of the options that were given.
    pub(crate) options: Vec<Ident>,
    pub(crate) id: Option<LitStr>,
    pub(crate) algorithm: Option<&'static str>,
    pub(crate) pad: Option<u32>,
    pub(crate) accept_plaintext: bool,
    pub(crate) bound_to: Option<BoundTo>,
}

/// `bound_to ..`.
pub(crate) enum BoundTo {
    Columns(Vec<Ident>),
    External,
}

/// `#[searchable(..)]`.
pub(crate) struct Searchable {
    pub(crate) span: Span,
    pub(crate) name: Option<LitStr>,
    /// Variants of `Normalizer`.
    pub(crate) normalize: Vec<&'static str>,
    pub(crate) with: Option<Path>,
    pub(crate) bits: Option<(u8, Span)>,
    pub(crate) domain: Option<LitStr>,
    /// Whether only the slot is left.
    pub(crate) removed: bool,
}

impl Searchable {
    /// The name of the index: `default` if none is given.
    pub(crate) fn name(&self) -> String {
        self.name.as_ref().map_or_else(|| "default".to_owned(), LitStr::value)
    }

    /// Whether tags keep less than all of their bits.
    pub(crate) fn is_truncated(&self) -> bool {
        self.bits.as_ref().is_some_and(|(bits, _)| *bits < BITS_MAX)
    }

    /// Whether SQL can tell which rows in the clear are equal after normalisation: as `index::clear::is_comparable`.
    pub(crate) fn is_comparable(&self) -> bool {
        let cases = self.normalize.iter().filter(|step| matches!(**step, "Lowercase" | "Casefold")).count();
        let trims = self.normalize.iter().filter(|step| **step == "Trim").count();
        self.with.is_none() && cases <= 1 && cases + trims == self.normalize.len()
    }
}

/// All bits of a tag.
pub(crate) const BITS_MAX: u8 = 112;
/// The fewest bits of a tag.
const BITS_MIN: u8 = 8;

const STRUCT_OPTIONS: &[&str] = &["columns_of", "foreign_schema", "table", "crate"];
const ENCRYPT_OPTIONS: &[&str] = &["id", "algorithm", "pad", "plaintext", "bound_to"];
const SEARCHABLE_OPTIONS: &[&str] = &["name", "normalize", "with", "bits", "domain", "removed"];

/// Names in attributes, and the variants that they stand for.
const ALGORITHMS: &[(&str, &str)] =
    &[("aes-256-gcm", "Aes256Gcm"), ("xchacha20-poly1305", "XChaCha20Poly1305"), ("xaes-256-gcm", "Xaes256Gcm")];
const NORMALIZERS: &[(&str, &str)] =
    &[("lowercase", "Lowercase"), ("casefold", "Casefold"), ("trim", "Trim"), ("nfkc", "Nfkc"), ("digits", "Digits")];
const PLAINTEXT: &[(&str, &str)] = &[("refuse", "Refuse"), ("accept", "Accept")];

impl StructAttributes {
    pub(crate) fn parse(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut parsed = Self::default();
        for option in attributes.iter().flat_map(diesel_options) {
            match option.name.to_string().as_str() {
                "table_name" => parsed.table = option.path().or(parsed.table),
                "primary_key" => parsed.primary_key = option.idents().or(parsed.primary_key),
                _ => parsed.none.read(&option),
            }
        }
        let mut seen = Vec::new();
        for attribute in attributes {
            if let Some(place @ ("encrypt" | "searchable")) = name_of(attribute) {
                errors.at(attribute, format!("`#[{place}]` belongs on a field, not on the struct"));
            }
        }
        let ours = attributes.iter().filter(|attribute| attribute.path().is_ident("encrypted"));
        let found: Vec<OptionEntry> = ours.flat_map(|attribute| options(attribute, errors)).collect();
        for option in found {
            let form = match option.known("encrypted", STRUCT_OPTIONS, &mut seen, errors) {
                Some("columns_of") => {
                    parsed.columns_of = option.ty();
                    parsed.columns_of.is_none().then_some("columns_of = Model")
                }
                Some("foreign_schema") => {
                    parsed.foreign_schema = matches!(option.value, Value::None).then(|| option.name.clone());
                    parsed.foreign_schema.is_none().then_some("foreign_schema")
                }
                Some("table") => {
                    parsed.sql_table = option.text();
                    parsed.sql_table.is_none().then_some("table = \"schema.table\"")
                }
                Some("crate") => {
                    parsed.krate = option.path();
                    parsed.krate.is_none().then_some("crate = path::to::diesel_encrypted")
                }
                _ => None,
            };
            option.check_form("encrypted", form, errors);
        }
        parsed
    }
}

impl FieldAttributes {
    pub(crate) fn parse(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut parsed = Self::default();
        for option in attributes.iter().flat_map(diesel_options) {
            match option.name.to_string().as_str() {
                "column_name" => parsed.column = option.column().or(parsed.column),
                "embed" => parsed.embed = Some(option.name),
                _ => parsed.none.read(&option),
            }
        }
        for attribute in attributes {
            match name_of(attribute) {
                Some("encrypt") if parsed.encrypt.is_some() => {
                    errors.at(attribute, "a field has one `#[encrypt]`: put all options into it");
                }
                Some("encrypt") => parsed.encrypt = Some(Encrypt::parse(attribute, errors)),
                Some("searchable") => parsed.searchable.push(Searchable::parse(attribute, errors)),
                Some("encrypted") => {
                    errors.at(attribute, "`#[encrypted(..)]` belongs on the struct; on a field write `#[encrypt]`");
                }
                _ => {}
            }
        }
        parsed
    }
}

impl NoneAttributes {
    fn read(&mut self, option: &OptionEntry) {
        let Value::Expr(Expr::Lit(ExprLit { lit: Lit::Bool(value), .. })) = &option.value else { return };
        if option.name == "treat_none_as_null" {
            self.as_null = Some((value.value, option.name.clone()));
        } else if option.name == "treat_none_as_default_value" {
            self.as_default = Some((value.value, option.name.clone()));
        }
    }
}

impl Encrypt {
    fn parse(attribute: &Attribute, errors: &mut Errors) -> Self {
        let mut parsed =
            Self { options: Vec::new(), id: None, algorithm: None, pad: None, accept_plaintext: false, bound_to: None };
        for option in options(attribute, errors) {
            if SEARCHABLE_OPTIONS.iter().any(|name| option.name == name) {
                errors.at(&option.name, format!("`{}` is an option of `#[searchable]`", option.name));
                continue;
            }
            let form = match option.known("encrypt", ENCRYPT_OPTIONS, &mut parsed.options, errors) {
                Some("id") => {
                    parsed.id = option.text();
                    parsed.id.is_none().then_some("id = \"table.column\"")
                }
                Some("algorithm") => match option.text() {
                    Some(name) => {
                        parsed.algorithm = choice("algorithm", &name, ALGORITHMS, errors);
                        None
                    }
                    None => Some("algorithm = \"aes-256-gcm\""),
                },
                Some("pad") => match option.number() {
                    Some(number) => {
                        parsed.pad = number.base10_parse().ok().filter(|bucket| *bucket >= 2);
                        if parsed.pad.is_none() {
                            errors.at(number, "`pad` is the bucket's size in bytes, from 2 to 4294967295");
                        }
                        None
                    }
                    None => Some("pad = 64"),
                },
                Some("plaintext") => match option.text() {
                    Some(name) => {
                        parsed.accept_plaintext =
                            choice("rule for plaintext", &name, PLAINTEXT, errors) == Some("Accept");
                        None
                    }
                    None => Some("plaintext = \"accept\""),
                },
                Some("bound_to") => {
                    parsed.bound_to = match option.path() {
                        Some(path) if path.is_ident("external") => Some(BoundTo::External),
                        _ => option.idents().filter(|columns| !columns.is_empty()).map(BoundTo::Columns),
                    };
                    parsed.bound_to.is_none().then_some("bound_to(column, ..)` or `bound_to = external")
                }
                _ => None,
            };
            option.check_form("encrypt", form, errors);
        }
        parsed
    }
}

impl Searchable {
    fn parse(attribute: &Attribute, errors: &mut Errors) -> Self {
        let mut parsed = Self {
            span: attribute.path().span(),
            name: None,
            normalize: Vec::new(),
            with: None,
            bits: None,
            domain: None,
            removed: false,
        };
        let mut seen = Vec::new();
        for option in options(attribute, errors) {
            if ENCRYPT_OPTIONS.iter().any(|name| option.name == name) {
                errors.at(&option.name, format!("`{}` is an option of `#[encrypt]`", option.name));
                continue;
            }
            let form = match option.known("searchable", SEARCHABLE_OPTIONS, &mut seen, errors) {
                Some("name") => {
                    parsed.name = option.text();
                    parsed.name.is_none().then_some("name = \"domain\"")
                }
                Some("normalize") => match option.texts() {
                    Some(names) => {
                        let steps = names.iter().filter_map(|name| choice("normaliser", name, NORMALIZERS, errors));
                        parsed.normalize = steps.collect();
                        None
                    }
                    None => Some("normalize = \"lowercase\"` or `normalize(\"trim\", \"lowercase\")"),
                },
                Some("with") => {
                    parsed.with = option.path();
                    parsed.with.is_none().then_some("with = path::to::function")
                }
                Some("bits") => match option.number() {
                    Some(number) => {
                        let bits = number.base10_parse().ok().filter(|bits| (BITS_MIN..=BITS_MAX).contains(bits));
                        parsed.bits = bits.map(|bits| (bits, number.span()));
                        if bits.is_none() {
                            errors.at(number, format!("`bits` is a number from {BITS_MIN} to {BITS_MAX}"));
                        }
                        None
                    }
                    None => Some("bits = 16"),
                },
                Some("domain") => {
                    parsed.domain = option.text();
                    parsed.domain.is_none().then_some("domain = \"phone numbers\"")
                }
                Some("removed") => {
                    parsed.removed = matches!(option.value, Value::None);
                    (!parsed.removed).then_some("removed")
                }
                _ => None,
            };
            option.check_form("searchable", form, errors);
        }
        parsed
    }
}

/// The variant that `name` stands for; reports an unknown name with what there is.
fn choice(
    what: &str,
    name: &LitStr,
    choices: &[(&'static str, &'static str)],
    errors: &mut Errors,
) -> Option<&'static str> {
    let found = name.value();
    let variant = choices.iter().find(|(allowed, _)| *allowed == found).map(|(_, variant)| *variant);
    if variant.is_none() {
        let allowed: Vec<&str> = choices.iter().map(|(allowed, _)| *allowed).collect();
        let near = suggestion(&found, &allowed);
        errors.at(name, format!("unknown {what} `{found}`{near}\nthere are {}", list(&allowed)));
    }
    variant
}

/// The attribute's name, if it is one of ours.
fn name_of(attribute: &Attribute) -> Option<&'static str> {
    ["encrypt", "searchable", "encrypted"].into_iter().find(|name| attribute.path().is_ident(name))
}
