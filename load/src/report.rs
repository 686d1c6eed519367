//! What a run prints.

use std::io::{self, Write as _};
use std::time::Duration;

use crate::tally::Tally;
use crate::verify::Verified;
use crate::{Bounds, Result};

fn line(name: &str, text: &str) {
    let _reader_left = writeln!(io::stdout(), "{name:<10} {text}");
}

pub(crate) fn begin(server: &str, database: &str, bounds: Bounds) {
    line("server", server);
    line("database", database);
    let Bounds { rows, writers, readers, seed, .. } = bounds;
    line("begins", &format!("{rows} rows, {writers} writers, {readers} readers, seed {seed}"));
}

pub(crate) fn filled(took: Duration) {
    line("filled", &format!("in {:.1} s", took.as_secs_f64()));
}

pub(crate) fn loaded(tally: &Tally, took: Duration) {
    let seconds = took.as_secs_f64();
    let killed: u64 = tally.counts("killed").iter().map(|(_, count)| count).sum();
    line("loaded", &format!("{seconds:.1} s, {} requests, {killed} connections killed", tally.requests()));
    for kind in ["write", "read"] {
        let counts = tally.counts(&format!("{kind}: "));
        let all: u64 = counts.iter().map(|(_, count)| count).sum();
        line(&format!("{kind}s"), &format!("{all}, {:.0} a second", all as f64 / seconds));
        for (what, count) in counts {
            line("", &format!("{count:>9}  {what}"));
        }
    }
    let errors = tally.counts("error: ");
    line("errors", if errors.is_empty() { "none" } else { "that an application can act on" });
    for (what, count) in errors {
        line("", &format!("{count:>9}  {what}"));
    }
}

pub(crate) fn verified(verified: &Verified, took: Duration) {
    let Verified { rows, calls, tags, lookups } = verified;
    line(
        "verified",
        &format!(
            "in {:.1} s: {rows} rows and {calls} calls opened, {tags} tags computed anew, {lookups} lookups by a row's \
             own values",
            took.as_secs_f64()
        ),
    );
}

/// The verdict, after the database is dropped.
pub(crate) fn end(tally: &Tally) -> Result<()> {
    let failures: u64 = tally.counts("failures").iter().map(|(_, count)| count).sum();
    if failures == 0 {
        line("verdict", "nothing unreadable, no tag out of step, nothing lost, no error without a remedy");
        return Ok(());
    }
    for failure in tally.failures() {
        line("failure", &failure);
    }
    Err(format!("{failures} failures").into())
}
