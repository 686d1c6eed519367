//! Two indexes of two fields would have one constant.

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
    #[searchable(name = "first_name")]
    #[diesel(column_name = email)]
    user: Encrypted<String, patients::email>,
    #[encrypt]
    #[searchable(name = "name")]
    #[diesel(column_name = note)]
    user_first: Encrypted<String, patients::note>,
}

fn main() {}
