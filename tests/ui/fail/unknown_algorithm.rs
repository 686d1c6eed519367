//! An algorithm that does not exist is refused with the ones that do.

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
    #[encrypt(algorithm = "aes-265-gcm")]
    email: Encrypted<String, patients::email>,
    #[encrypt(algorithm = "rot13")]
    note: Encrypted<String, patients::note>,
}

fn main() {}
