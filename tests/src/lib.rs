//! Shared by the suites.

pub mod backend;
pub mod clinic;
pub mod documents;
pub mod holders;
pub mod people;
pub mod schema;
pub mod scratch;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub mod server;
pub mod vectors;
