//! A bound column is used through `Sealed` everywhere.

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
    phone: Encrypted<Option<String>, patients::phone>,
}

#[derive(Encrypted)]
#[diesel(table_name = patients)]
#[encrypted(columns_of = Patient)]
struct Any<T> {
    #[encrypt]
    phone: Option<Encrypted<T, patients::phone>>,
}

fn main() {}
