//! A normaliser maps text to text.

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

fn shorten(text: &str) -> usize {
    text.len()
}

#[derive(Encrypted)]
#[diesel(table_name = patients)]
struct Patient {
    #[encrypt]
    #[searchable(with = shorten)]
    email: Encrypted<String, patients::email>,
}

fn main() {}
