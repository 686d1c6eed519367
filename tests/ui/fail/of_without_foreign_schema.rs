//! `Of` is for columns of another crate's schema.

use diesel_encrypted::{Encrypted, Of};

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
    email: Encrypted<String, Of<Patient, patients::email>>,
}

fn main() {}
