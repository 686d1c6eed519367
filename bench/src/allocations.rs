//! How often memory is asked for: once to seal, and once to open, which is the copy out of the database's buffer.

use allocation_counter::measure;
use diesel_encrypted::Sealed;

use crate::{clinic::patients, measure::Failure};

type Value = Sealed<String, patients::phone>;

/// Allocations of one seal and of one open of 64 bytes.
pub(crate) fn of_seal_and_open() -> Result<(u64, u64), Failure> {
    let text = "x".repeat(64);
    // The first of a thread makes its generator, the first of a key its cipher.
    let warm = Value::seal(&text)?;
    warm.open()?;
    let (mut sealed, mut opened) = (None, None);
    let seal = measure(|| sealed = Some(Value::seal(&text))).count_total;
    let open = measure(|| opened = Some(warm.open())).count_total;
    if sealed.transpose()?.is_none() || opened.transpose()?.as_deref() != Some(text.as_str()) {
        return Err("a value did not come back".into());
    }
    Ok((seal, open))
}
