//! The table as Diesel sees it: an encrypted column is `Binary`, whatever its values are.

diesel::table! {
    patients (id) {
        id -> Integer,
        name -> Text,
        email -> Binary,
        phone -> Nullable<Binary>,
        chart -> Binary,
    }
}
