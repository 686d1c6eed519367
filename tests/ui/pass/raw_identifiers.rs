//! Columns and tables whose names are Rust's keywords.

use diesel_encrypted::{Encrypted, EncryptedModel, NamedIndex};

diesel::table! {
    r#match (r#as) {
        r#as -> Integer,
        r#type -> Binary,
        r#fn -> Binary,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = r#match, primary_key(r#as))]
pub(crate) struct Match {
    r#as: i32,
    #[encrypt(bound_to(r#as))]
    r#type: diesel_encrypted::Sealed<String, r#match::r#type>,
    #[encrypt]
    #[searchable(name = "first")]
    #[diesel(column_name = r#fn)]
    r#struct: Encrypted<String, r#match::r#fn>,
}

const FIRST: NamedIndex<r#match::r#fn, 0> = Match::STRUCT_FIRST;

#[test]
fn a_raw_identifier_is_named_without_its_prefix() {
    let named: Vec<(&str, &str)> = Match::fields().iter().map(|field| (field.id(), field.column())).collect();
    assert_eq!(named, [("match.type", "type"), ("match.fn", "fn")]);
}
