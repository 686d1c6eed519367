//! The monotonic clock of a vault's lease. It is asked for each value that is sealed, so it is a coarse one where there is
//! one: that of Linux is right to a few milliseconds, and costs a fifth of the precise one.

use std::time::Duration;

/// The time since some moment in the past.
#[cfg(target_os = "linux")]
#[inline]
pub(super) fn now() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    let (seconds, nanos) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
    Duration::new(seconds.unwrap_or(u64::MAX / 2), nanos.unwrap_or_default())
}

/// The time since it was first asked for.
#[cfg(not(target_os = "linux"))]
pub(super) fn now() -> Duration {
    static FIRST: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(std::time::Instant::now).elapsed()
}
