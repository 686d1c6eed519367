//! Pieces of work, measured in turn in the same run, and what comes out of it.
//!
//! The machines are shared and noisy, so a time alone says little. A round runs one side and then the other, the next
//! round the other way about; what disturbs a round disturbs both. The half of the rounds that took longer is left out,
//! and the median of the others' ratios stays.

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

/// Why a row could not be measured.
pub(crate) type Failure = Box<dyn Error>;

/// Of fewer rounds than this the quieter half has fewer than 11, which is no median worth printing.
const LEAST_ROUNDS: usize = 21;

/// How long and how often to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How many rounds a row of nanoseconds has.
    pub(crate) short_rounds: usize,
    /// How long one side of such a round takes.
    pub(crate) slice: Duration,
    /// How many rounds a row of whole tables has.
    pub(crate) long_rounds: usize,
    /// How many rounds a row of parts of tables has.
    pub(crate) part_rounds: usize,
    /// How many rows a table has.
    pub(crate) table: usize,
    /// How many rows a table has that is maintained.
    pub(crate) maintained: usize,
}

impl Effort {
    /// What the targets are checked with.
    pub(crate) const FULL: Self = Self {
        short_rounds: 301,
        slice: Duration::from_millis(2),
        long_rounds: LEAST_ROUNDS,
        part_rounds: 100,
        table: 100_000,
        maintained: 100_000,
    };
    /// A first look, in a few seconds.
    pub(crate) const QUICK: Self = Self {
        short_rounds: 51,
        slice: Duration::from_millis(1),
        long_rounds: LEAST_ROUNDS,
        part_rounds: 21,
        table: 10_000,
        maintained: 20_000,
    };
}

/// Minimum and median of one side, in nanoseconds for one run of its work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side {
    pub(crate) min: f64,
    pub(crate) median: f64,
}

impl Side {
    fn of(samples: &[f64]) -> Self {
        Self { min: samples.iter().copied().fold(f64::NAN, f64::min), median: median(samples.to_vec()) }
    }
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The sides of a row, compared round by round: what slows a round down slows all of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compared {
    pub(crate) ours: Side,
    pub(crate) reference: Side,
    /// Ours to the reference: the median of the rounds' ratios.
    pub(crate) ratio: f64,
    /// Ratio of the minima: what remains where nothing disturbs.
    pub(crate) least: f64,
    /// The least that any program takes for the same, to the reference: the median of the rounds' ratios.
    pub(crate) floor: Option<f64>,
}

/// Work that times itself, so that what prepares and what clears away does not count.
pub(crate) type Timed<'a> = &'a mut dyn FnMut() -> Result<f64, Failure>;

/// Measures work of nanoseconds: each side of a round repeats it for `effort.slice`.
pub(crate) fn short<A, B>(
    effort: Effort,
    ours: impl FnMut() -> A,
    reference: impl FnMut() -> B,
) -> Result<Compared, Failure> {
    rounds(effort.short_rounds, [&mut repeated(effort, ours), &mut repeated(effort, reference)])
}

/// Measures work of nanoseconds, and its floor.
pub(crate) fn short_with_floor<A, B, C>(
    effort: Effort,
    ours: impl FnMut() -> A,
    reference: impl FnMut() -> B,
    floor: impl FnMut() -> C,
) -> Result<Compared, Failure> {
    let (mut ours, mut reference) = (repeated(effort, ours), repeated(effort, reference));
    rounds(effort.short_rounds, [&mut ours, &mut reference, &mut repeated(effort, floor)])
}

fn repeated<R>(effort: Effort, mut work: impl FnMut() -> R) -> impl FnMut() -> Result<f64, Failure> {
    let count = repetitions(effort.slice, &mut work);
    move || Ok(repeat(count, &mut work))
}

/// Measures ours, the reference, and the floor if there is one, in `count` rounds that begin with another side each.
pub(crate) fn rounds<const SIDES: usize>(count: usize, sides: [Timed<'_>; SIDES]) -> Result<Compared, Failure> {
    turns(count.max(LEAST_ROUNDS), sides)
}

/// The same for work of seconds, whose rounds differ less: five at least.
#[cfg(feature = "servers")]
pub(crate) fn rounds_of_tables<const SIDES: usize>(
    effort: Effort,
    sides: [Timed<'_>; SIDES],
) -> Result<Compared, Failure> {
    turns((2_100_000 / effort.maintained.max(1)).clamp(5, LEAST_ROUNDS), sides)
}

fn turns<const SIDES: usize>(count: usize, mut sides: [Timed<'_>; SIDES]) -> Result<Compared, Failure> {
    let mut samples = [const { Vec::new() }; SIDES];
    for round in 0..count {
        for turn in 0..SIDES {
            let side = (round + turn) % SIDES;
            if let (Some(work), Some(samples)) = (sides.get_mut(side), samples.get_mut(side)) {
                samples.push(work()?);
            }
        }
    }
    let samples = quieter_half(&samples);
    let [ours, reference, floor @ ..] = samples.as_slice() else { return Err("a row has two sides".into()) };
    let to_reference = |samples: &[f64]| median(samples.iter().zip(reference).map(|(a, b)| a / b).collect());
    let (ours_side, reference_side) = (Side::of(ours), Side::of(reference));
    Ok(Compared {
        ours: ours_side,
        reference: reference_side,
        ratio: to_reference(ours),
        least: ours_side.min / reference_side.min,
        floor: floor.first().map(|floor| to_reference(floor)),
    })
}

/// The samples of the half of the rounds that took the least time, each side measured by its fastest round. Something else
/// ran in the others: on a machine with more to do than cores, in most, and for one side more than for another.
fn quieter_half(samples: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let fastest = |side: &Vec<f64>| side.iter().copied().fold(f64::NAN, f64::min);
    let rounds = samples.first().map_or(0, Vec::len);
    let took = |round: usize| samples.iter().filter_map(|side| Some(side.get(round)? / fastest(side))).sum::<f64>();
    let mut order: Vec<_> = (0..rounds).map(|round| (took(round), round)).collect();
    order.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    order.truncate(rounds.div_ceil(2));
    samples.iter().map(|side| order.iter().filter_map(|(_, round)| side.get(*round).copied()).collect()).collect()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn rounds_in_which_something_else_ran_do_not_count() {
        let mut round = 0;
        // Ours takes twice as long, and ten times as long as that in the last eleven rounds.
        let mut ours = || {
            round += 1;
            Ok(if round > 10 { 20.0 } else { 2.0 })
        };
        let compared = rounds(21, [&mut ours, &mut || Ok(1.0), &mut || Ok(1.5)]).unwrap();
        assert_eq!((compared.ratio, compared.floor), (2.0, Some(1.5)));
        assert_eq!((compared.ours.min, compared.ours.median), (2.0, 2.0));
    }
}
