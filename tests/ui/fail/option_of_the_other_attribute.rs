//! Options of `#[encrypt]` and of `#[searchable]` that were mixed up.

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
    #[encrypt(normalize = "lowercase", bits = 16)]
    #[searchable(algorithm = "aes-256-gcm")]
    email: Encrypted<String, patients::email>,
}

fn main() {}
