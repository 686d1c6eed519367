//! How many values a key has sealed: a random nonce is good for so many under one key, and for no more.
//!
//! One value in 64 is counted, for 64, and its nonce says which: nonces are random. Of 2³¹ values the count is off by less
//! than one in a thousand, and the others pay for one comparison.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// A warning is logged from so many values on, under AES-256-GCM.
pub(super) const WARN: u64 = 1 << 31;
/// Nothing is sealed from so many values on, under AES-256-GCM (NIST SP 800-38D, section 8.3).
pub(super) const LIMIT: u64 = 1 << 32;

/// One value in so many is counted: a power of two.
const EACH: u8 = 64;

/// The count of one key. Apart from everything else in memory: it is written while that is read.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Usage {
    /// Sealed by this vault, and not yet told.
    fresh: AtomicU64,
    /// Sealed by all processes, as far as they told.
    told: AtomicU64,
    warned: AtomicBool,
}

impl Usage {
    /// Whether a value with a nonce that ends in this byte is counted.
    #[inline(always)]
    pub(super) const fn counts(nonce_end: u8) -> bool {
        nonce_end.is_multiple_of(EACH)
    }

    /// Counts one value that is [counted](Self::counts), and gives the total.
    pub(super) fn add(&self) -> u64 {
        let fresh = self.fresh.fetch_add(u64::from(EACH), Relaxed) + u64::from(EACH);
        self.told.load(Relaxed).saturating_add(fresh)
    }

    /// What is to be told, and counted no more here.
    pub(super) fn take(&self) -> u64 {
        self.fresh.swap(0, Relaxed)
    }

    /// Takes back what could not be told.
    pub(super) fn put_back(&self, count: u64) {
        self.fresh.fetch_add(count, Relaxed);
    }

    /// What all processes have told. Gives the total.
    pub(super) fn learn(&self, told: u64) -> u64 {
        // Whoever sets the count back in the database does not set it back here.
        let told = self.told.fetch_max(told, Relaxed).max(told);
        told.saturating_add(self.fresh.load(Relaxed))
    }

    /// Whether nobody was warned yet.
    pub(super) fn warns(&self) -> bool {
        !self.warned.swap(true, Relaxed)
    }
}
