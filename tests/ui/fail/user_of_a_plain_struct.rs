//! The model that a user names declares columns.

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

struct Plain;

#[derive(Encrypted)]
#[diesel(table_name = patients)]
#[encrypted(columns_of = Plain)]
struct NewPatient {
    #[encrypt]
    email: Encrypted<String, patients::email>,
}

fn main() {}
