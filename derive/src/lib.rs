//! The derive of diesel-encrypted.

/// Declares a model's encrypted columns.
#[proc_macro_derive(Encrypted, attributes(encrypt, searchable, encrypted, diesel))]
pub fn derive_encrypted(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    proc_macro::TokenStream::new()
}
