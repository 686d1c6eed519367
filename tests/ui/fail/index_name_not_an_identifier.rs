//! An index's name is part of a constant's name.

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
    #[searchable(name = "e-mail domain")]
    #[searchable(name = "")]
    email: Encrypted<String, patients::email>,
}

fn main() {}
