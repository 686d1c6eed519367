//! An `#[encrypt]` field has an encrypted type, wherever it comes from.

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

struct Chart;

type Email = String;

#[derive(Encrypted)]
#[diesel(table_name = patients)]
struct Patient {
    #[encrypt]
    email: Email,
    #[encrypt]
    phone: Option<Chart>,
}

fn main() {}
