//! A column is declared in one place.

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
    email: Encrypted<String, patients::email>,
}

#[derive(Encrypted)]
#[diesel(table_name = patients)]
struct Contact {
    #[encrypt]
    email: Encrypted<String, patients::email>,
}

fn main() {}
