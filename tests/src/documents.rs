//! The Rust code of the project's documents, compiled and run as doctests of this crate.
//!
//! `tests/documents.rs` refuses a document with Rust code that is not listed here.

macro_rules! documents {
    ($($name:ident: $path:literal $(if $feature:literal)?,)*) => {
        /// The documents whose code is compiled, as paths from the root of the repository.
        pub const COMPILED: &[&str] = &[$($path),*];

        $(
            #[cfg(all(doctest $(, feature = $feature)?))]
            #[doc = include_str!(concat!("../../", $path))]
            struct $name;
        )*
    };
}

documents! {
    Readme: "README.md",
    Columns: "docs/columns.md",
    Copy: "docs/copy.md" if "postgres",
    Databases: "docs/databases.md",
    Keys: "docs/keys.md",
    Maintenance: "docs/maintenance.md",
    Operations: "docs/operations.md",
    RootKeys: "docs/root-keys.md",
    Search: "docs/search.md",
    Users: "docs/users.md",
}
