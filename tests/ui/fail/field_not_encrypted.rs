//! An `#[encrypt]` field has an encrypted type.

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
    email: String,
    #[encrypt]
    phone: Option<Vec<u8>>,
    #[encrypt(bound_to = external)]
    note: &'static str,
}

fn main() {}
