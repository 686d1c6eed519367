//! A value has room for 15 blind indexes.

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
    #[searchable]
    #[searchable(name = "index_1")]
    #[searchable(name = "index_2")]
    #[searchable(name = "index_3")]
    #[searchable(name = "index_4")]
    #[searchable(name = "index_5")]
    #[searchable(name = "index_6")]
    #[searchable(name = "index_7")]
    #[searchable(name = "index_8")]
    #[searchable(name = "index_9")]
    #[searchable(name = "index_10")]
    #[searchable(name = "index_11")]
    #[searchable(name = "index_12")]
    #[searchable(name = "index_13")]
    #[searchable(name = "index_14")]
    #[searchable(name = "index_15")]
    #[searchable(name = "index_16")]
    email: Encrypted<String, patients::email>,
}

fn main() {}
