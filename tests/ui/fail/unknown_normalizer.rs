//! A normaliser that does not exist is refused with the ones that do, each where it stands.

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
    #[encrypt]
    #[searchable(normalize("trim", "lowercsae", "reverse"))]
    email: Encrypted<String, patients::email>,
}

fn main() {}
