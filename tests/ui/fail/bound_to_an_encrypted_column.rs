//! Values are not bound to what changes with each sealing.

use diesel_encrypted::{Encrypted, Sealed};

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
    #[encrypt(bound_to(note))]
    email: Sealed<String, patients::email>,
    #[encrypt]
    note: Encrypted<String, patients::note>,
}

fn main() {}
