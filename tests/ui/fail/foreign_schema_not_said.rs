//! A schema in another crate asks for `foreign_schema`.

use diesel_encrypted::Encrypted;
use diesel_encrypted_tests::schema::visitors;

#[derive(Encrypted)]
#[diesel(table_name = visitors)]
struct Visitor {
    #[encrypt]
    badge: Encrypted<String, visitors::badge>,
}

fn main() {}
