//! Tags of a column of text equal none of a column of bytes.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;

diesel::table! {
    patients (id) {
        id -> Integer,
        email -> Text,
    }
}

diesel::table! {
    visits (id) {
        id -> Integer,
        contact -> Nullable<Binary>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(patients, visits);

#[derive(Encrypted)]
#[diesel(table_name = patients)]
struct Patient {
    #[encrypt]
    #[searchable(domain = "contact")]
    email: Encrypted<String, patients::email>,
}

#[derive(Encrypted)]
#[diesel(table_name = visits)]
struct Visit {
    #[encrypt]
    #[searchable(domain = "contact")]
    contact: Option<Encrypted<String, visits::contact>>,
}

fn main() {
    let equal = patients::email.blind_index().eq(visits::contact.blind_index());
    let _ = patients::table.inner_join(visits::table.on(equal));
}
