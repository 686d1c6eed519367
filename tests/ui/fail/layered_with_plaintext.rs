//! Nobody can move plaintext over into a user's layer but the user.

use diesel_encrypted::prelude::*;

diesel::table! {
    notes (id) {
        id -> Integer,
        body -> Binary,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = notes)]
struct Note {
    id: i32,
    #[encrypt(plaintext = "accept")]
    body: Layered<String, notes::body>,
}

fn main() {}
