//! The expansion of the example in the documentation, kept in `expansion/patient.rs` for readers and reviewers.
//!
//! After a change that is meant, `UPDATE_EXPANSION=1 cargo test -p diesel-encrypted-derive` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;

const HEADER: &str = "\
// What `#[derive(Encrypted)]` writes for
//
//     #[derive(Encrypted)]
//     #[diesel(table_name = patients)]
//     pub struct Patient {
//         pub id: i32,
//         pub name: String,
//         #[encrypt]
//         #[searchable(normalize = \"lowercase\")]
//         #[searchable(name = \"domain\", with = email_domain)]
//         pub email: Encrypted<String, patients::email>,
//         #[encrypt(pad = 32)]
//         pub phone: Option<Encrypted<String, patients::phone>>,
//         #[encrypt(bound_to(id))]
//         pub chart: Sealed<Json<Chart>, patients::chart>,
//     }
";

/// The code of the example, out of the header's comment.
fn example() -> syn::DeriveInput {
    let code: Vec<&str> = HEADER.lines().skip(2).map(|line| line.trim_start_matches("//")).collect();
    syn::parse_str(&code.join("\n")).unwrap()
}

#[test]
fn the_expansion_is_the_documented_one() {
    let file = syn::parse2(crate::derive(example())).unwrap();
    let found = format!("{HEADER}\n{}", prettyplease::unparse(&file));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("expansion/patient.rs");
    if std::env::var_os("UPDATE_EXPANSION").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(found == expected, "the expansion has changed; set UPDATE_EXPANSION=1 if it should have:\n{found}");
}
