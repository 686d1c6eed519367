//! The primary key's columns exist.

use diesel_encrypted::Encrypted;

diesel::table! {
    letters (letter_id) {
        letter_id -> Integer,
        body -> Binary,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = letters)]
struct Letter {
    #[encrypt]
    body: Encrypted<String, letters::body>,
}

fn main() {}
