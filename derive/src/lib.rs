//! The derive of diesel-encrypted: attributes are parsed into a model, the model is validated, and code is written.
//!
//! Every mistake of one struct is reported at once. See [`derive@Encrypted`] for the attributes.

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

/// Declares the encrypted columns of a model, or checks a struct that uses them.
///
/// ```
/// # use diesel::prelude::*;
/// # use diesel_encrypted::prelude::*;
/// # use diesel_encrypted::Json;
/// # diesel::table! {
/// #     patients (id) { id -> Integer, name -> Text, email -> Binary, phone -> Nullable<Binary>, chart -> Binary }
/// # }
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # pub struct Chart { diagnosis: String }
/// # fn main() {}
/// fn email_domain(email: &str) -> String {
///     email.rsplit_once('@').map_or(email, |(_, domain)| domain).to_lowercase()
/// }
///
/// #[derive(Queryable, Selectable, Insertable, Encrypted)]
/// #[diesel(table_name = patients)]
/// pub struct Patient {
///     pub id: i32,
///     pub name: String,
///     #[encrypt]
///     #[searchable(normalize = "lowercase")]
///     #[searchable(name = "domain", with = email_domain)]
///     pub email: Encrypted<String, patients::email>,
///     #[encrypt(pad = 32)]
///     pub phone: Option<Encrypted<String, patients::phone>>,
///     #[encrypt(bound_to(id))]
///     pub chart: Sealed<Json<Chart>, patients::chart>,
/// }
/// ```
///
/// A column is declared once. The derive implements `EncryptedColumn` for the column of each `#[encrypt]` field,
/// `SearchableColumn` for each of its blind indexes, and `EncryptedModel` for the struct.
///
/// # Of Diesel's attributes
///
/// | attribute | what it says here |
/// |---|---|
/// | `#[diesel(table_name = path)]` | The table. Required. |
/// | `#[diesel(primary_key(a, b))]` | The key by which maintenance walks the table. Default: `id`. Its columns cannot be encrypted. |
/// | `#[diesel(column_name = name)]` | The field's column: an identifier, a raw identifier or a string. Default: the field's name. |
/// | `#[diesel(treat_none_as_null = true)]` | Refused over an `Option<Encrypted<..>>`: `Encrypted<Option<T>, C>` writes NULL. |
///
/// The others are Diesel's own affair.
///
/// # On the struct: `#[encrypted(..)]`
///
/// | option | meaning |
/// |---|---|
/// | `columns_of = Patient` | The struct declares nothing: it uses the columns that `Patient` declares, and is checked against them. |
/// | `foreign_schema` | The table's schema is in another crate. The compiler asks for it with E0117. The fields then name `Of<Patient, schema::patients::email>`. |
/// | `table = "clinic.patients"` | The table's name in SQL, where it is not the last part of the path: with a schema, or renamed. |
/// | `crate = path` | Where `diesel_encrypted` is found, if not at `::diesel_encrypted`. |
///
/// # On a field: `#[encrypt]` or `#[encrypt(..)]`
///
/// The field's type is `Encrypted<T, column>` or `Sealed<T, column>`, or an `Option` of one of them. It may stand
/// behind a type alias and have lifetimes.
///
/// | option | meaning | default |
/// |---|---|---|
/// | `id = "patients.email"` | The field's identity, which keys and values carry. Pin it before a column or table is renamed. | `table.column` |
/// | `algorithm = ".."` | What seals new values: `aes-256-gcm`, `xchacha20-poly1305` or `xaes-256-gcm`. | `aes-256-gcm` |
/// | `pad = 64` | Pads values to a multiple of so many bytes, so that their length tells less. At least 2. | none |
/// | `plaintext = "accept"` | Reads values that were never sealed as they are, while a table is moved over. `"refuse"` makes them errors. | `"refuse"` |
/// | `bound_to(user_id)` | Binds each value to these plain columns of its row, which never change. The field is `Sealed`. | unbound |
/// | `bound_to = external` | Binds each value to something that the row does not hold. The field is `Sealed`. | unbound |
///
/// # On an encrypted field: `#[searchable]` or `#[searchable(..)]`
///
/// Each adds a blind index, in the next of 15 slots. Append further ones, and do not reorder them.
///
/// | option | meaning | default |
/// |---|---|---|
/// | `name = "domain"` | The index's name, which makes a constant: `Patient::EMAIL_DOMAIN`. | `default`, without a constant |
/// | `normalize = "lowercase"` or `normalize("trim", "casefold")` | What is done to a text before it is compared, in this order: `lowercase`, `casefold`, `trim`, `nfkc`, `digits`. | nothing |
/// | `with = path::to::function` | Your own `fn(&str) -> String`, after the others. It is registered under its name: give it another when its results change. It is applied to what is searched for too, so what it returned it has to leave alone: `f(f(x)) == f(x)`. | none |
/// | `bits = 16` | The bits that a tag keeps, 8 to 112. With fewer than 112, a search returns candidates, and there is no `domain`. | 112 |
/// | `removed` | Keeps the slot of an index that is no longer wanted, so that later ones stay where they are. | searched |
/// | `domain = "phones"` | Shares the index's key with every index of this domain, so that the columns can be joined. | the field's own |
///
/// `bool` and JSON cannot be searched; only text can be normalised.
///
/// # A struct that uses the columns of another
///
/// ```
/// # use diesel::prelude::*;
/// # use diesel_encrypted::prelude::*;
/// # diesel::table! { patients (id) { id -> Integer, name -> Text, email -> Binary } }
/// # #[derive(Encrypted)]
/// # #[diesel(table_name = patients)]
/// # pub struct Patient {
/// #     #[encrypt]
/// #     email: Encrypted<String, patients::email>,
/// # }
/// # fn main() {}
/// #[derive(Insertable, Encrypted)]
/// #[diesel(table_name = patients)]
/// #[encrypted(columns_of = Patient)]
/// pub struct NewPatient<'a> {
///     pub name: &'a str,
///     #[encrypt]
///     pub email: Encrypted<&'a str, patients::email>,
/// }
/// ```
///
/// Its `#[encrypt]` fields, and those whose type is visibly `Encrypted` or `Sealed`, are checked: `Patient` declares
/// the column, the type names it, its values are of the column's class, and a bound column is `Sealed`. It takes no
/// options, and may have type parameters.
///
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
