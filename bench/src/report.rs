//! The table: what was measured, and whether it meets its target.

use crate::measure::{Compared, Side};

/// What a row has to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// At most this many times the reference.
    AtMost(f64),
    /// At least this many times as fast as the reference.
    Faster(f64),
}

impl Target {
    /// The greatest ratio to the reference that meets it.
    fn greatest(self) -> f64 {
        match self {
            Self::AtMost(most) => most,
            Self::Faster(least) => least.recip(),
        }
    }
}

/// Where the floor is above the target, ours may be this many times the floor: what the first row grants over the raw
/// cipher.
const ABOVE_THE_FLOOR: f64 = 1.15;

/// What a row found out.
#[derive(Debug)]
pub(crate) enum Found {
    /// Times of all sides.
    Times(Compared, Target),
    /// Times of both sides, and the nanoseconds that ours may take.
    Most(Compared, f64),
    /// Numbers of one seal and one open, and what both have to be.
    Counts(u64, u64, u64),
    /// Kilobytes for a whole table and for a tenth of it. The whole may take a quarter more.
    #[cfg(feature = "servers")]
    Memory { whole: u64, tenth: u64 },
    /// Nothing, and why.
    Skipped(String),
}

/// Whether a row meets its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Held,
    Missed,
    /// The floor itself misses it, and ours is near the floor.
    OutOfReach,
    /// The floor itself misses it, and ours is far above the floor.
    FarAboveTheFloor,
    Skipped,
}

impl Verdict {
    /// Whether `--check` fails.
    pub(crate) fn fails(self) -> bool {
        matches!(self, Self::Missed | Self::FarAboveTheFloor)
    }
}

impl Found {
    pub(crate) fn verdict(&self) -> Verdict {
        let held = |held| if held { Verdict::Held } else { Verdict::Missed };
        match self {
            Self::Times(Compared { ratio, floor, .. }, target) => match floor {
                _ if *ratio <= target.greatest() => Verdict::Held,
                Some(floor) if *floor <= target.greatest() => Verdict::Missed,
                Some(floor) if *ratio <= floor * ABOVE_THE_FLOOR => Verdict::OutOfReach,
                Some(_) => Verdict::FarAboveTheFloor,
                None => Verdict::Missed,
            },
            Self::Most(compared, most) => held(compared.ours.median <= *most),
            Self::Counts(seal, open, expected) => held(seal == expected && open == expected),
            #[cfg(feature = "servers")]
            Self::Memory { whole, tenth } => held(whole.saturating_mul(4) <= tenth.saturating_mul(5)),
            Self::Skipped(_) => Verdict::Skipped,
        }
    }
}

/// The head of the table.
pub(crate) fn head() -> String {
    let first = format!("{:<50} {:>21} {:>21} {:>8} {:>8}", "", "ours", "reference", "ratio of", "median");
    let second =
        format!("{:<50} {:>21} {:>21} {:>8} {:>8}   target", "work", "min / median", "min / median", "minima", "ratio");
    format!("{first}\n{second}")
}

/// One line.
pub(crate) fn line(work: &str, found: &Found) -> String {
    let verdict = match found.verdict() {
        Verdict::Held => "held",
        Verdict::Missed => "MISSED",
        Verdict::OutOfReach => "out of reach",
        Verdict::FarAboveTheFloor => "OUT OF REACH, AND FAR ABOVE THE FLOOR",
        Verdict::Skipped => "skipped",
    };
    let numbers = match found {
        Found::Times(compared, Target::AtMost(most)) => {
            let floor = compared.floor.map_or(String::new(), |floor| format!(", floor {floor:.2}"));
            format!("{}   <= {most:.2}: {verdict}{floor}", both(compared))
        }
        Found::Times(compared, Target::Faster(least)) => {
            let floor = compared.floor.map_or(String::new(), |floor| format!(", floor {:.1} x", floor.recip()));
            let times = compared.ratio.recip();
            format!("{}   {least} x as fast (is {times:.1} x): {verdict}{floor}", both(compared))
        }
        Found::Most(compared, most) => format!("{}   <= {}: {verdict}", both(compared), nanoseconds(*most)),
        Found::Counts(seal, open, expected) => {
            let (ours, reference) = (format!("{seal}, {open}"), format!("{expected}, {expected}"));
            format!("{ours:>21} {reference:>21} {:>8} {:>8}   equal: {verdict}", "", "")
        }
        #[cfg(feature = "servers")]
        Found::Memory { whole, tenth } => {
            let (whole, tenth) = (format!("{whole} kB"), format!("{tenth} kB"));
            format!("{whole:>21} {tenth:>21} {:>8} {:>8}   <= 1.25: {verdict}", "", "")
        }
        Found::Skipped(why) => format!("{verdict}: {why}"),
    };
    format!("{work:<50} {numbers}")
}

fn both(compared: &Compared) -> String {
    let Compared { ours, reference, least, ratio, .. } = *compared;
    format!("{:>21} {:>21} {least:>8.3} {ratio:>8.3}", side(ours), side(reference))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(ratio: f64, floor: impl Into<Option<f64>>, target: Target) -> Verdict {
        let side = Side { min: 1.0, median: 1.0 };
        let floor = floor.into();
        Found::Times(Compared { ours: side, reference: side, ratio, least: ratio, floor }, target).verdict()
    }

    #[test]
    fn a_target_that_the_floor_reaches_has_to_be_reached() {
        assert_eq!(verdict(1.99, 1.5, Target::AtMost(2.0)), Verdict::Held);
        assert_eq!(verdict(2.01, 1.99, Target::AtMost(2.0)), Verdict::Missed);
        assert_eq!(verdict(2.01, None, Target::AtMost(2.0)), Verdict::Missed);
        assert_eq!(verdict(1.0 / 5.9, 1.0 / 6.1, Target::Faster(6.0)), Verdict::Missed);
        assert_eq!(verdict(1.0 / 6.1, 1.0 / 6.2, Target::Faster(6.0)), Verdict::Held);
    }

    #[test]
    fn a_target_below_the_floor_is_named_and_fails_only_far_above_the_floor() {
        let near = verdict(2.2, 2.1, Target::AtMost(2.0));
        let far = verdict(2.5, 2.1, Target::AtMost(2.0));
        assert_eq!((near, near.fails()), (Verdict::OutOfReach, false));
        assert_eq!((far, far.fails()), (Verdict::FarAboveTheFloor, true));
        assert_eq!(verdict(1.9, 2.1, Target::AtMost(2.0)), Verdict::Held, "whatever the floor says");
    }
}
