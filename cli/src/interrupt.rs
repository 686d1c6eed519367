//! Ctrl-C: the first asks a job to stop at its next checkpoint, the second ends the program where it is.

use std::{
    process,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    exit::{Exit, Failure, Result},
    output::tell,
};

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on, Ctrl-C is noticed.
pub(crate) fn notice() -> Result<()> {
    static ONCE: Once = Once::new();
    let mut set = Ok(());
    ONCE.call_once(|| set = ctrlc::set_handler(asked));
    set.map_err(|error| Failure::failed(format!("cannot notice Ctrl-C: {error}")))
}

fn asked() {
    if ASKED.swap(true, Ordering::SeqCst) {
        process::exit(Exit::Interrupted as i32);
    }
    tell("stopping at the next checkpoint; the same command goes on from there");
}

/// Whether Ctrl-C was pressed.
pub(crate) fn was_asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
