//! A domain is there for joins, which need all bits.

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
    #[searchable(bits = 16, domain = "mail")]
    email: Encrypted<String, patients::email>,
}

fn main() {}
