//! Two fields cannot map to one column.

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
    email: Encrypted<String, patients::email>,
    #[encrypt]
    #[diesel(column_name = email)]
    mail: Encrypted<String, patients::email>,
}

fn main() {}
