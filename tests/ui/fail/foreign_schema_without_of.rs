//! Under `foreign_schema` the type names the model beside the column.

use diesel_encrypted::Encrypted;
use diesel_encrypted_tests::schema::visitors;

#[derive(Encrypted)]
#[diesel(table_name = visitors)]
#[encrypted(foreign_schema)]
struct Visitor {
    #[encrypt]
    badge: Encrypted<String, visitors::badge>,
}

fn main() {}
