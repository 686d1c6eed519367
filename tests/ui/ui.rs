//! What `#[derive(Encrypted)]` and the query DSL accept and refuse. Each file of `fail` breaks one rule, and beside it
//! stands what the compiler says; each file of `pass` compiles, and its own tests hold.
//!
//! After a change that is meant, `TRYBUILD=overwrite cargo test -p diesel-encrypted-ui` writes the messages anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]
#![allow(dead_code, missing_docs, unreachable_pub, reason = "models that are declared and never loaded")]

#[path = "pass/mod.rs"]
mod pass;

#[test]
fn each_mistake_is_refused_with_words_that_help() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
