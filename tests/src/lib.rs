//! Shared by the suites.

pub mod clinic;
pub mod schema;
pub mod vectors;
