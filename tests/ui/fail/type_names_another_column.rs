//! A field's type names the column that the field maps to.

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
struct Patient {
    #[encrypt]
    email: Encrypted<String, patients::note>,
    #[encrypt]
    phone: Option<Encrypted<String, patients::email>>,
    #[encrypt]
    #[diesel(column_name = note)]
    remark: Sealed<String, patients::phone>,
}

fn main() {}
