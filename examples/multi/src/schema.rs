//! The tables, the same on every database.
//!
//! `visits.contact` and `patients.phone` are strict: the SQL type `Ciphertext` lets nothing in but that column's own
//! sealed values. It stands for `BYTEA`, `BLOB` and `VARBINARY`, as `Binary` does.

diesel::table! {
    use diesel::sql_types::*;
    use diesel_encrypted::sql_types::Ciphertext;

    patients (id) {
        id -> Integer,
        name -> Text,
        email -> Binary,
        phone -> Nullable<Ciphertext<phone>>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_encrypted::sql_types::Ciphertext;

    visits (id) {
        id -> Integer,
        contact -> Ciphertext<contact>,
        reason -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(patients, visits);
