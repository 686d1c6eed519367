//! Values are bound to columns that the model has.

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
    id: i32,
    user_id: i32,
    #[encrypt(bound_to(usr_id, user_id, user_id))]
    email: Sealed<String, patients::email>,
}

fn main() {}
