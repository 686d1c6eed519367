//! An option that does not exist is refused with the ones that do.

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
#[encrypted(foreign_scheme)]
struct Patient {
    id: i32,
    #[encrypt(ids = "mail", colour = "red")]
    #[searchable(normalise = "lowercase", sort)]
    email: Encrypted<String, patients::email>,
}

fn main() {}
