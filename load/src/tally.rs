//! What was done, counted, and what must not happen.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many failures are kept to be shown.
const SHOWN: usize = 10;

/// Shared by all workers.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    requests: AtomicU64,
    counts: Mutex<BTreeMap<String, u64>>,
    failures: Mutex<Vec<String>>,
}

impl Tally {
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self, what: impl Into<String>) {
        if let Ok(mut counts) = self.counts.lock() {
            *counts.entry(what.into()).or_default() += 1;
        }
    }

    /// Something that must not happen.
    pub(crate) fn fail(&self, what: String) {
        self.count("failures");
        if let Ok(mut failures) = self.failures.lock()
            && failures.len() < SHOWN
        {
            failures.push(what);
        }
    }

    pub(crate) fn failed(&self) -> bool {
        self.failures.lock().is_ok_and(|failures| !failures.is_empty())
    }

    /// Every count whose name begins so, without that beginning.
    pub(crate) fn counts(&self, beginning: &str) -> Vec<(String, u64)> {
        let Ok(counts) = self.counts.lock() else { return Vec::new() };
        let of = counts.iter().filter_map(|(what, count)| Some((what.strip_prefix(beginning)?.to_owned(), *count)));
        of.collect()
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        self.failures.lock().map(|failures| failures.clone()).unwrap_or_default()
    }
}
