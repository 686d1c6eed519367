//! Every mistake of one struct is reported in one go.

use diesel_encrypted::{Encrypted, Sealed};

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
#[encrypted(colums_of = Patient)]
struct Patient {
    #[encrypt(algorithm = "des", pad = 0)]
    id: Encrypted<i32, patients::id>,
    #[encrypt]
    #[searchable(bits = 3)]
    #[searchable(normalize = "upper")]
    email: Option<Option<Encrypted<String, patients::email>>>,
    #[searchable]
    note: String,
    #[encrypt(bound_to(usr_id), colour = 1)]
    phone: Sealed<String, patients::phone>,
    user_id: i32,
}

fn main() {}
