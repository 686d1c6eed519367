//! Rows in the clear have no tag: no join, group or unique index has them, and not every normaliser can be followed by SQL.

use diesel_encrypted::prelude::*;

diesel::table! {
    people (id) {
        id -> Integer,
        email -> Text,
        phone -> Text,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = people)]
struct Person {
    #[encrypt(plaintext = "accept")]
    #[searchable(normalize("trim", "lowercase"))]
    email: Encrypted<String, people::email>,
    #[encrypt(plaintext = "accept")]
    #[searchable(normalize = "digits")]
    phone: Encrypted<String, people::phone>,
}

fn main() {
    let _ = people::email.blind_eq("ada@example.org");
    let _ = people::email.blind_index();
    let _ = people::email.blind_conflict_target();
    let _ = people::phone.blind_eq("030 1");
}
