//! The indexes of a field have different names.

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
struct Patient {
    #[encrypt]
    #[searchable]
    #[searchable(bits = 16)]
    #[searchable(name = "domain")]
    #[searchable(name = "domain", bits = 16)]
    email: Encrypted<String, patients::email>,
}

fn main() {}
