//! Equal JSON documents need not have equal bytes.

use diesel_encrypted::Encrypted;
use diesel_encrypted::value::Json;

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
    email: Encrypted<Json<Vec<String>>, patients::email>,
}

fn main() {}
