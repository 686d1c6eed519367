//! How far a job is: a bar on a terminal, else a line now and then. On standard error.

use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use diesel_encrypted::maintenance::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::tell;

/// How often a line is printed.
const PAUSE: Duration = Duration::from_secs(5);

/// Shows the progress of all workers of this process, column by column.
pub(crate) struct Board {
    bar: Option<ProgressBar>,
    column: String,
    seen: u64,
    told: Instant,
}

impl Board {
    pub(crate) fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            let style = "{prefix} {wide_bar} {human_pos}/{human_len} {msg}";
            ProgressStyle::with_template(style).map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
        });
        Self { bar, column: String::new(), seen: 0, told: Instant::now() }
    }

    pub(crate) fn show(&mut self, progress: &Progress<'_>) {
        let column = format!("{} {}.{}", progress.operation, progress.table, progress.column);
        if column != self.column {
            self.column = column;
            self.seen = 0;
        }
        // Each worker knows how far all were at its own checkpoint.
        self.seen = self.seen.max(progress.seen);
        let total = progress.total.max(self.seen);
        let left = progress.left.map(|left| format!(", {} left", clock(left))).unwrap_or_default();
        let pace = format!("{:.0} rows/s{left}", progress.rate);
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(self.column.clone());
                bar.set_length(total);
                bar.set_position(self.seen);
                bar.set_message(pace);
            }
            None if self.told.elapsed() >= PAUSE => {
                tell(&format!("{}: {} of {total} rows, {pace}", self.column, self.seen));
                self.told = Instant::now();
            }
            None => {}
        }
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `1:02:03`, or `2:03`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_a_clock_has_it() {
        for (seconds, expected) in
            [(0, "0:00"), (59, "0:59"), (723, "12:03"), (3_723, "1:02:03"), (360_000, "100:00:00")]
        {
            assert_eq!(clock(Duration::from_secs(seconds)), expected);
        }
    }
}
