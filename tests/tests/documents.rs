//! Documents say what is true: their code compiles, and their links lead somewhere.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test stops at what it did not expect")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use diesel_encrypted_tests::documents::COMPILED;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every Markdown file of the root and of docs/, with its text.
fn documents() -> Vec<(PathBuf, String)> {
    let files = ["", "docs"].into_iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let paths = files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|is| is == "md"));
    paths.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_document_with_rust_code_is_compiled() {
    for (path, text) in documents() {
        let compiled = COMPILED.iter().any(|listed| root().join(listed) == path);
        let has_code = text.lines().any(|line| line.trim_start().starts_with("```rust"));
        assert!(compiled || !has_code, "{} has Rust code: list it in tests/src/documents.rs", path.display());
    }
}

#[test]
fn every_link_to_a_file_leads_to_one() {
    let mut count = 0;
    for (path, text) in documents() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            assert!(
                path.parent().unwrap().join(file).exists(),
                "{} links to {file}, which is not there",
                path.display()
            );
            count += 1;
        }
    }
    assert!(count > 5, "only {count} links were found");
}
