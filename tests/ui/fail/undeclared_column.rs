//! A column is declared before it is used.

use diesel_encrypted::{DeclaredColumn, EncryptedModel};

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

fn seal<C: DeclaredColumn>() {}

fn field<M: EncryptedModel>() {}

struct Plain;

fn everything() {
    seal::<patients::email>();
    seal::<diesel_encrypted::Of<Plain, patients::email>>();
    field::<Plain>();
}

fn main() {}
