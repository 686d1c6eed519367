//! What is refused of PostgreSQL's own types and statements. Each file of `fail` breaks one rule, and beside it stands what
//! the compiler says.
//!
//! After a change that is meant, `TRYBUILD=overwrite cargo test -p diesel-encrypted-ui-servers` writes the messages anew.

#[test]
fn each_mistake_is_refused_with_words_that_help() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
