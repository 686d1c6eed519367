//! Two layers: by the alias or written out, bound, NULL, with a generic user and in another crate's schema.

use diesel_encrypted::prelude::*;
use diesel_encrypted::{Class, EncryptedModel, Of};
use diesel_encrypted_tests::schema::visitors;

diesel::table! {
    notes (id) {
        id -> Integer,
        body -> Binary,
        title -> Text,
        chart -> Nullable<Binary>,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = notes)]
struct Note {
    id: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase")]
    body: Layered<String, notes::body>,
    #[encrypt(pad = 64)]
    title: Encrypted<Sealed<String, notes::title>, notes::title>,
    #[encrypt(bound_to(id))]
    chart: Option<Layered<Vec<u8>, notes::chart>>,
}

#[derive(Encrypted)]
#[diesel(table_name = notes)]
#[encrypted(columns_of = Note)]
struct NewNote<'a, T> {
    body: Layered<&'a str, notes::body>,
    #[encrypt]
    title: Option<Layered<T, notes::title>>,
    chart: Layered<Option<Vec<u8>>, notes::chart>,
}

#[derive(Encrypted)]
#[diesel(table_name = visitors)]
#[encrypted(foreign_schema)]
struct Visitor {
    id: i32,
    #[encrypt]
    badge: Layered<u64, Of<Visitor, visitors::badge>>,
}

#[test]
fn a_layered_field_knows_both_classes() {
    let classes = |field: &diesel_encrypted::Field| (field.class(), field.inner_class());
    let of_notes: Vec<_> = Note::fields().iter().map(|field| classes(field)).collect();
    let text = (Class::Bytes, Some(Class::Text));
    assert_eq!(of_notes, [text, text, (Class::Bytes, Some(Class::Bytes))]);
    assert_eq!(classes(Visitor::fields()[0]), (Class::Bytes, Some(Class::Unsigned)));
}
