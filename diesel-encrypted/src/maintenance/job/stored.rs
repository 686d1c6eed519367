//! A row of `encryption_jobs`.

use crate::maintenance::{Counts, connection::JobColumns};

/// A row of the table.
pub(super) struct Stored {
    pub(super) part: i64,
    pub(super) state: i64,
    pub(super) pass: i64,
    pub(super) low: String,
    pub(super) high: String,
    pub(super) expires: i64,
    pub(super) total: i64,
    pub(super) counts: Counts,
    pub(super) parameters: String,
}

impl Stored {
    pub(super) fn new(columns: JobColumns) -> Self {
        let (part, state, pass, low, high, expires, total, done, skipped, changed, failed, parameters) = columns;
        let [done, skipped, changed, failed] = [done, skipped, changed, failed].map(unsigned);
        let counts = Counts { done, skipped, changed, failed };
        Self { part, state, pass, low, high, expires, total, counts, parameters }
    }
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
