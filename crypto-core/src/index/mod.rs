//! Blind indexes: tags by which equal values can be found without being opened.

mod spec;

pub use spec::{BITS_MAX, BITS_MIN, Index, Normalizer};
