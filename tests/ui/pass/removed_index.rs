//! An index that is no longer wanted keeps its slot, and the ones behind it stay where they are.

use diesel_encrypted::{Encrypted, EncryptedModel, NamedIndex};

diesel::table! {
    guests (id) {
        id -> Integer,
        email -> Binary,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = guests)]
pub struct Guest {
    pub id: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase", removed)]
    #[searchable(name = "exact")]
    pub email: Encrypted<String, guests::email>,
}

const EXACT: NamedIndex<guests::email, 1> = Guest::EMAIL_EXACT;

#[test]
fn a_removed_index_keeps_its_slot() {
    let _ = EXACT;
    let indexes = Guest::fields()[0].declared_indexes();
    let removed: Vec<_> = indexes.iter().map(|index| (index.name(), index.is_removed())).collect();
    assert_eq!(removed, [("default", true), ("exact", false)]);
}
