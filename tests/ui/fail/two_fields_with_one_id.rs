//! A field id has one field.

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
    #[encrypt(id = "patients.note")]
    email: Encrypted<String, patients::email>,
    #[encrypt]
    note: Encrypted<String, patients::note>,
    #[encrypt(id = "patients.note")]
    phone: Option<Encrypted<String, patients::phone>>,
}

fn main() {}
