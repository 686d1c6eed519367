//! Who uses another model's column takes as many layers as it has.

use diesel_encrypted::prelude::*;

diesel::table! {
    notes (id) {
        id -> Integer,
        body -> Binary,
        title -> Binary,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = notes)]
struct Note {
    id: i32,
    #[encrypt]
    body: Layered<String, notes::body>,
    #[encrypt]
    title: Encrypted<String, notes::title>,
}

#[derive(Encrypted)]
#[diesel(table_name = notes)]
#[encrypted(columns_of = Note)]
struct NewNote {
    #[encrypt]
    body: Encrypted<String, notes::body>,
    #[encrypt]
    title: Layered<String, notes::title>,
}

#[derive(Encrypted)]
#[diesel(table_name = notes)]
#[encrypted(columns_of = Note)]
struct Changed {
    #[encrypt]
    body: Option<Sealed<String, notes::body>>,
}

fn main() {}
