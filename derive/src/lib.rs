//! The derive of diesel-encrypted: attributes are parsed into a model, the model is validated, and code is written.
//!
//! Every mistake of one struct is reported at once. The attributes are documented where the derive is used from:
//! `diesel_encrypted::Encrypted`.

mod attributes;
mod errors;
mod expand;
mod model;
mod options;
#[cfg(test)]
mod snapshot;
mod validate;

use errors::Errors;
use model::Model;
use proc_macro2::TokenStream;
use syn::DeriveInput;

/// # What is written
///
#[doc = concat!("```text\n", include_str!("../expansion/patient.rs"), "```")]
#[proc_macro_derive(Encrypted, attributes(encrypt, searchable, encrypted, diesel))]
pub fn derive_encrypted(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(syn::parse_macro_input!(input as DeriveInput)).into()
}

/// Parse, validate, expand; then the mistakes.
fn derive(input: DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let mut model = Model::parse(input, &mut errors);
    validate::validate(&mut model, &mut errors);
    let mut code = expand::expand(&model);
    code.extend(errors.into_compile_errors());
    code
}
