//! Blind indexes: tags by which equal values can be found without being opened.

mod canonical;
mod casefold;
pub mod clear;
mod digits;
mod normalize;
#[cfg(test)]
mod properties;
mod spec;
mod tag;

pub use canonical::canonical;
pub use normalize::{normalize, unicode_versions};
pub use spec::{BITS_MAX, BITS_MIN, Index, Normalizer};
pub(crate) use tag::{Generation, generation_number};
