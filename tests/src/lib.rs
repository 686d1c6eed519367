//! Shared by the suites.

pub mod schema;
