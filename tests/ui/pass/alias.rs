//! Types behind aliases: the compiler sees through them, so the derive need not.

use diesel_encrypted::{Encrypted, EncryptedModel, Sealed};

diesel::table! {
    notes (id) {
        id -> Integer,
        body -> Binary,
        title -> Nullable<Binary>,
        draft -> Binary,
    }
}

type Body = Encrypted<Vec<u8>, notes::body>;
type Title = Option<Encrypted<String, notes::title>>;
type Secret<T, C> = Sealed<T, C>;
type Draft = notes::draft;

#[derive(Encrypted)]
#[diesel(table_name = self::notes)]
struct Note {
    id: i32,
    #[encrypt]
    body: Body,
    #[encrypt]
    #[searchable]
    title: Title,
    #[encrypt(bound_to(id))]
    draft: Secret<String, Draft>,
}

#[test]
fn a_field_behind_an_alias_is_the_column_s() {
    let columns: Vec<&str> = Note::fields().iter().map(|field| field.column()).collect();
    assert_eq!(columns, ["body", "title", "draft"]);
}
