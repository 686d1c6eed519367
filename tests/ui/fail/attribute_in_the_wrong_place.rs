//! Attributes of fields on the struct, and the struct's on a field.

use diesel_encrypted::Encrypted;

diesel::table! {
    patients (id) {
        id -> Integer,
        user_id -> Integer,
        email -> Binary,
        phone -> Nullable<Binary>,
        note -> Text,
        age -> Integer,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = patients)]
#[encrypt]
#[searchable]
struct Patient {
    #[encrypt]
    #[encrypted(foreign_schema)]
    email: Encrypted<String, patients::email>,
}

fn main() {}
