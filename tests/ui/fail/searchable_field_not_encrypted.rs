//! A field with a wrong type is reported once, whatever else is asked of it.

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
    #[searchable(normalize = "trim")]
    #[searchable(name = "short", bits = 16)]
    email: String,
}

fn main() {}
