//! An option says one thing.

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
    #[encrypt(pad = 32, pad = 64)]
    #[searchable(bits = 16, bits = 32)]
    email: Encrypted<String, patients::email>,
}

fn main() {}
