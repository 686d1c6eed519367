//! An index marked `removed` is not searched.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;

diesel::table! {
    guests (id) {
        id -> Integer,
        email -> Binary,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = guests)]
struct Guest {
    #[encrypt]
    #[searchable(removed)]
    #[searchable(name = "exact")]
    email: Encrypted<String, guests::email>,
}

fn main() {
    let _ = guests::table.filter(guests::email.by(Guest::EMAIL_EXACT).blind_eq("x"));
    let _ = guests::table.filter(guests::email.blind_eq("x"));
}
