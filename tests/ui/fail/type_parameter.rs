//! A model that declares columns has lifetimes, but no other parameters.

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
struct Patient<T, const N: usize> {
    #[encrypt]
    email: Encrypted<T, patients::email>,
    #[encrypt]
    note: Encrypted<[u8; N], patients::note>,
}

fn main() {}
