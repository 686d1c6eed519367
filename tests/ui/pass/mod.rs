//! What must compile. A file here is named after what it shows.

mod alias;
mod foreign_schema;
mod layered;
mod lifetimes;
mod options;
mod private_types;
mod raw_identifiers;
mod removed_index;
mod renamed_columns;
mod user;
