//! Rows are found by their primary key.

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
#[diesel(table_name = patients, primary_key(id, email))]
struct Patient {
    #[encrypt]
    id: Encrypted<i32, patients::id>,
    #[encrypt]
    email: Encrypted<String, patients::email>,
}

fn main() {}
