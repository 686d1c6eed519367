//! A tag keeps 8 to 112 bits.

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
    #[searchable(bits = 7)]
    #[searchable(name = "long", bits = 113)]
    #[searchable(name = "huge", bits = 1000)]
    email: Encrypted<String, patients::email>,
}

fn main() {}
