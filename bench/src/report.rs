//! The table: what was measured, and whether it meets its target.

use crate::measure::{Pair, Side};

/// What a row has to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// At most this many times the reference.
    AtMost(f64),
    /// At least this many times as fast as the reference.
    Faster(f64),
}

/// What a row found out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    /// Times of both sides.
    Times(Pair, Target),
    /// Times of both sides, and the nanoseconds that ours may take.
    Most(Pair, f64),
    /// Numbers of one seal and one open, and what both have to be.
    Counts(u64, u64, u64),
}

impl Found {
    /// Whether the target is met.
    pub(crate) fn holds(&self) -> bool {
        match *self {
            Self::Times(pair, Target::AtMost(most)) => pair.ratio() <= most,
            Self::Times(pair, Target::Faster(least)) => pair.ratio().recip() >= least,
            Self::Most(pair, most) => pair.ours.median <= most,
            Self::Counts(seal, open, expected) => seal == expected && open == expected,
        }
    }
}

/// The head of the table.
pub(crate) fn head() -> String {
    let first = format!("{:<46} {:>21} {:>21} {:>8} {:>8}", "", "ours", "reference", "ratio of", "ratio of");
    let second = format!(
        "{:<46} {:>21} {:>21} {:>8} {:>8}   target",
        "work", "min / median", "min / median", "minima", "medians"
    );
    format!("{first}\n{second}")
}

/// One line.
pub(crate) fn line(work: &str, found: &Found) -> String {
    let verdict = if found.holds() { "" } else { "  MISSED" };
    let numbers = match *found {
        Found::Times(pair, Target::AtMost(most)) => format!("{}   <= {most:.2}", both(pair)),
        Found::Times(pair, Target::Faster(least)) => {
            format!("{}   {least:.0} x as fast (is {:.1} x)", both(pair), pair.ratio().recip())
        }
        Found::Most(pair, most) => format!("{}   <= {}", both(pair), nanoseconds(most)),
        Found::Counts(seal, open, expected) => {
            let (ours, reference) = (format!("{seal}, {open}"), format!("{expected}, {expected}"));
            format!("{ours:>21} {reference:>21} {:>8} {:>8}   equal", "", "")
        }
    };
    format!("{work:<46} {numbers}{verdict}")
}

fn both(pair: Pair) -> String {
    format!("{:>21} {:>21} {:>8.3} {:>8.3}", side(pair.ours), side(pair.reference), pair.least(), pair.ratio())
}

fn side(side: Side) -> String {
    format!("{} / {}", nanoseconds(side.min), nanoseconds(side.median))
}

fn nanoseconds(time: f64) -> String {
    match time {
        ..1e4 => format!("{time:.0} ns"),
        ..1e7 => format!("{:.1} us", time / 1e3),
        _ => format!("{:.1} ms", time / 1e6),
    }
}
