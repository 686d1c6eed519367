//! Two pieces of work, measured in turn in the same run, and what comes out of it.
//!
//! The machines are shared and noisy, so a time alone says little. A round runs one side and then the other, the next
//! round the other way about; what disturbs one disturbs both, and the ratio of the medians stays.

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

/// Why a row could not be measured.
pub(crate) type Failure = Box<dyn Error>;

/// Fewer rounds than this are not a median worth printing.
const LEAST_ROUNDS: usize = 11;

/// How long and how often to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How many rounds a row of nanoseconds has.
    pub(crate) short_rounds: usize,
    /// How long one side of such a round takes.
    pub(crate) slice: Duration,
    /// How many rounds a row of whole tables has.
    pub(crate) long_rounds: usize,
    /// How many rows such a table has.
    pub(crate) table: usize,
}

impl Effort {
    /// What the targets are checked with.
    pub(crate) const FULL: Self =
        Self { short_rounds: 301, slice: Duration::from_millis(2), long_rounds: LEAST_ROUNDS, table: 100_000 };
    /// A first look, in a few seconds.
    pub(crate) const QUICK: Self =
        Self { short_rounds: 51, slice: Duration::from_millis(1), long_rounds: LEAST_ROUNDS, table: 5_000 };
}

/// Minimum and median of one side, in nanoseconds for one run of its work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side {
    pub(crate) min: f64,
    pub(crate) median: f64,
}

impl Side {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |index: usize| samples.get(index).copied().unwrap_or(f64::NAN);
        Self { min: at(0), median: at(samples.len() / 2) }
    }
}

/// Both sides of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) ours: Side,
    pub(crate) reference: Side,
}

impl Pair {
    /// Ratio of the medians.
    pub(crate) fn ratio(&self) -> f64 {
        self.ours.median / self.reference.median
    }

    /// Ratio of the minima: what remains where nothing disturbs.
    pub(crate) fn least(&self) -> f64 {
        self.ours.min / self.reference.min
    }
}

/// Measures work of nanoseconds: each side of a round repeats it for `effort.slice`.
pub(crate) fn short<A, B>(
    effort: Effort,
    mut ours: impl FnMut() -> A,
    mut reference: impl FnMut() -> B,
) -> Result<Pair, Failure> {
    let ours_count = repetitions(effort.slice, &mut ours);
    let reference_count = repetitions(effort.slice, &mut reference);
    rounds(effort.short_rounds, || Ok(repeat(ours_count, &mut ours)), || Ok(repeat(reference_count, &mut reference)))
}

/// Measures in `count` rounds. A side times itself, so that what prepares and what clears away does not count.
pub(crate) fn rounds(
    count: usize,
    mut ours: impl FnMut() -> Result<f64, Failure>,
    mut reference: impl FnMut() -> Result<f64, Failure>,
) -> Result<Pair, Failure> {
    let count = count.max(LEAST_ROUNDS);
    let (mut a, mut b) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for round in 0..count {
        if round % 2 == 0 {
            a.push(ours()?);
            b.push(reference()?);
        } else {
            b.push(reference()?);
            a.push(ours()?);
        }
    }
    Ok(Pair { ours: Side::of(a), reference: Side::of(b) })
}

/// The nanoseconds that `work` takes.
pub(crate) fn time<R, E: Into<Failure>>(work: impl FnOnce() -> Result<R, E>) -> Result<f64, Failure> {
    let began = Instant::now();
    let done = black_box(work());
    let nanoseconds = began.elapsed().as_nanos() as f64;
    done.map(|_| nanoseconds).map_err(Into::into)
}

/// The nanoseconds that one of `count` repetitions takes.
fn repeat<R>(count: u32, work: &mut impl FnMut() -> R) -> f64 {
    let began = Instant::now();
    for _ in 0..count {
        black_box(work());
    }
    began.elapsed().as_nanos() as f64 / f64::from(count)
}

/// How many repetitions fill `slice`.
fn repetitions<R>(slice: Duration, work: &mut impl FnMut() -> R) -> u32 {
    let slice = slice.as_nanos() as f64;
    let mut count = 1;
    loop {
        let total = repeat(count, work) * f64::from(count);
        if total >= slice / 2.0 {
            return ((f64::from(count) * slice / total) as u32).max(1);
        }
        count *= 2;
    }
}
