//! The table, on either database. Every column but the key holds sealed values and nothing else.

diesel::table! {
    use diesel::sql_types::*;
    use diesel_encrypted::sql_types::Ciphertext;

    patients (id) {
        id -> BigInt,
        name -> Ciphertext<name>,
        email -> Ciphertext<email>,
        phone -> Nullable<Ciphertext<phone>>,
    }
}
