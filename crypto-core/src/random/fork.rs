//! Counts the forks that led to this process, so that a generator can tell that it was copied.
//!
//! `pthread_atfork` (POSIX.1-2024) runs a handler in the child of every `fork`. Asking the system instead, by `getpid`,
//! costs more than the nonce itself (139 ns against 16), and no maintained generator on crates.io notices a fork by
//! itself. This is the only module of the workspace with `unsafe` code: one call, of a function that takes three function
//! pointers. What bypasses the handlers is not seen: a raw `clone` system call, and `_Fork` of POSIX.1-2024, whose child may
//! call only async-signal-safe functions and so must not seal. Nor is a virtual machine resumed twice from one snapshot
//! (docs/threat-model.md).

#![allow(unsafe_code, reason = "pthread_atfork has no safe wrapper in a maintained crate")]

use std::sync::{
    Once,
    atomic::{AtomicU64, Ordering},
};

static FORKS: AtomicU64 = AtomicU64::new(1);
static WATCH: Once = Once::new();

/// Runs in the child. Raising an atomic counter is async-signal-safe, as the handler must be.
extern "C" fn in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// How many forks lie between this process and the one that first asked, plus one. Costs one load.
///
/// If the handler cannot be registered (the system is out of memory) every call answers otherwise, so that each use of
/// a generator seeds it anew: slow, and safe.
pub(super) fn forks() -> u64 {
    if !WATCH.is_completed() {
        watch();
    }
    match FORKS.load(Ordering::Relaxed) {
        UNWATCHED.. => FORKS.fetch_add(1, Ordering::Relaxed),
        forks => forks,
    }
}

/// Counts from here on mean that forks go unnoticed.
const UNWATCHED: u64 = 1 << 63;

#[cold]
fn watch() {
    WATCH.call_once(|| {
        // SAFETY: registers a handler that lives as long as the program and touches nothing but an atomic counter.
        let refused = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        if refused != 0 {
            FORKS.store(UNWATCHED, Ordering::Relaxed);
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::random::fill;
    use std::{
        fs::File,
        io::{Read, Write},
        os::fd::FromRawFd,
    };

    #[test]
    fn a_forked_child_does_not_repeat_the_nonces_of_its_parent() {
        let mut warm = [0; 12];
        fill(&mut warm).unwrap();
        let mut ends = [0; 2];
        // SAFETY: pipe writes two descriptors, each owned by one `File` below.
        assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
        // SAFETY: just opened, owned by nothing else.
        let (mut reader, mut writer) = unsafe { (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])) };
        // SAFETY: the child only fills a buffer on its stack, writes it to the pipe and leaves by `_exit`.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let mut nonces = [0; 12 * 64];
            let code = i32::from(fill(&mut nonces).is_err() || writer.write_all(&nonces).is_err());
            // SAFETY: ends the child without running the parent's exit handlers.
            unsafe { libc::_exit(code) };
        }
        drop(writer);
        let mut parents = [0; 12 * 64];
        fill(&mut parents).unwrap();
        let mut childs = Vec::new();
        reader.read_to_end(&mut childs).unwrap();
        let mut status = 0;
        // SAFETY: waits for the child made above.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!((status, childs.len()), (0, parents.len()), "the child failed");
        for nonce in parents.chunks(12) {
            assert!(!childs.chunks(12).any(|other| other == nonce), "parent and child drew the same nonce");
        }
    }
}
