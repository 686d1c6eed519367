//! Random choices that a seed repeats: SplitMix64, of Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
//! Generators" (2014). Nothing secret is made of them.

use diesel_encrypted::keys::Secret;

use crate::Result;

#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64, worker: u32) -> Self {
        let mut random = Self(seed ^ (u64::from(worker) << 32));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// An id from 1 to `last`.
    pub(crate) fn id(&mut self, last: i32) -> i32 {
        1 + self.below(usize::try_from(last).unwrap_or(0)) as i32
    }

    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}

/// Another seed each time.
pub(crate) fn seed() -> Result<u64> {
    Ok(Secret::generate()?.expose_bytes().iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte)))
}
