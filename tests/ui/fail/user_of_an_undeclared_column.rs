//! A user's columns are declared by the model that it names.

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
    #[encrypt]
    email: Encrypted<String, patients::email>,
    #[encrypt(bound_to(id))]
    phone: Option<Sealed<String, patients::phone>>,
}

#[derive(Encrypted)]
#[diesel(table_name = patients)]
#[encrypted(columns_of = Patient)]
struct NewPatient {
    #[encrypt]
    email: Encrypted<String, patients::email>,
    #[encrypt]
    note: Encrypted<String, patients::note>,
}

fn main() {}
