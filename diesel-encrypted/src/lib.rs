//! Field-level encryption for Diesel.
