//! An option whose value has another form is refused with the form that it has.

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
#[encrypted(columns_of, foreign_schema = true, table = patients)]
struct Patient {
    #[encrypt(id = 7, algorithm = aes, pad = "64", plaintext, bound_to = user_id)]
    #[searchable(name = domain, normalize, with = "function", bits(16), domain = 1)]
    email: Encrypted<String, patients::email>,
}

fn main() {}
