//! A bound value is opened by hand, so its field is `Sealed`.

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
    user_id: i32,
    #[encrypt(bound_to(user_id))]
    email: Encrypted<String, patients::email>,
    #[encrypt(bound_to = external)]
    phone: Option<Encrypted<String, patients::phone>>,
}

fn main() {}
