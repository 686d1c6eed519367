//! A schema for models of other crates: the suites are crates of their own.

#![allow(missing_docs, reason = "the macro writes the items")]

diesel::table! {
    visitors (id) {
        id -> Integer,
        name -> Text,
        badge -> Binary,
        phone -> Nullable<Text>,
    }
}
