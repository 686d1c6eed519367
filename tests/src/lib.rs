//! Shared by the suites.

pub mod clinic;
pub mod documents;
pub mod schema;
pub mod vectors;
