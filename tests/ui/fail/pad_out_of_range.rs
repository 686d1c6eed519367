//! A bucket of less than two bytes pads nothing.

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
    #[encrypt(pad = 1)]
    email: Encrypted<String, patients::email>,
    #[encrypt(pad = 4294967296)]
    note: Encrypted<String, patients::note>,
}

fn main() {}
