//! A model says which table it maps to.

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
#[diesel(primary_key(id))]
struct Patient {
    #[encrypt]
    email: Encrypted<String, patients::email>,
}

fn main() {}
