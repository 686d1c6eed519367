//! A model of another crate than its schema, which the orphan rule asks to stand in the impl.

use diesel_encrypted::{Encrypted, EncryptedModel, NamedIndex, Of};
use diesel_encrypted_tests::schema::visitors;

#[derive(Encrypted)]
#[diesel(table_name = visitors)]
#[encrypted(foreign_schema)]
pub struct Visitor<'a> {
    pub id: i32,
    #[encrypt]
    #[searchable]
    #[searchable(name = "exact")]
    pub badge: Encrypted<&'a str, Of<Visitor<'a>, visitors::badge>>,
    #[encrypt]
    pub phone: Option<Encrypted<String, Of<Visitor<'static>, diesel_encrypted_tests::schema::visitors::phone>>>,
}

#[derive(Encrypted)]
#[diesel(table_name = visitors)]
#[encrypted(columns_of = Visitor<'static>)]
pub struct Badge {
    #[encrypt]
    pub badge: Encrypted<String, Of<Visitor<'static>, visitors::badge>>,
}

const EXACT: NamedIndex<Of<Visitor<'static>, visitors::badge>, 1> = Visitor::BADGE_EXACT;

#[test]
fn a_schema_in_another_crate_works() {
    let ids: Vec<&str> = Visitor::fields().iter().map(|field| field.id()).collect();
    assert_eq!(ids, ["visitors.badge", "visitors.phone"]);
}
