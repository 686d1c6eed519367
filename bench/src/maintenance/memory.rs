//! The peak memory of this process while it rotates a table, and one of a tenth of the rows.

use std::fs;

use diesel::PgConnection;

use super::{
    people::{FIRST, People, SECOND, Sealed},
    rotated,
};
use crate::{
    measure::{Effort, Failure},
    report::Found,
    server::Scratch,
};

/// Kilobytes above what the process had before, as Linux counts them.
pub(super) fn peaks(effort: Effort, scratch: &Scratch<PgConnection>) -> Result<Found, Failure> {
    if fs::write("/proc/self/clear_refs", "5").is_err() {
        return Ok(Found::Skipped("only Linux tells".to_owned()));
    }
    let peak = |rows| {
        let mut people = People::new(scratch, "people", rows, 1)?;
        Sealed::open(scratch, &FIRST)?.backfilled(&mut people)?;
        let sealed = Sealed::open(scratch, &SECOND)?;
        fs::write("/proc/self/clear_refs", "5")?;
        let before = kilobytes("VmRSS:")?;
        rotated(&mut people, &sealed)?;
        Ok::<_, Failure>(kilobytes("VmHWM:")?.saturating_sub(before))
    };
    // What the allocator keeps from the first time is not counted against the second.
    peak(effort.maintained / 10)?;
    let tenth = peak(effort.maintained / 10)?;
    let whole = peak(effort.maintained)?;
    Ok(Found::Memory { whole, tenth })
}

fn kilobytes(what: &str) -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)).ok_or("no such line in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}
