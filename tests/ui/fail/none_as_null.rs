//! An `Option` of a wrapper is for columns that are left out.

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
#[diesel(table_name = patients, treat_none_as_null = true)]
struct Patient {
    #[encrypt]
    phone: Option<Encrypted<String, patients::phone>>,
    #[encrypt]
    #[diesel(treat_none_as_default_value = false)]
    note: Option<Encrypted<String, patients::note>>,
}

fn main() {}
