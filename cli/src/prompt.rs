//! Asking before what cannot be undone.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::{
    context::Context,
    exit::{Failure, Result},
    output::tell,
};

/// Shows what will be lost, and goes on if that is confirmed: by `--yes`, or by typing `yes`.
pub(crate) fn confirm(context: &Context, loss: &str) -> Result<()> {
    if context.options.yes {
        return Ok(());
    }
    tell(loss);
    if !io::stdin().is_terminal() {
        return Err(Failure::declined(
            "not confirmed, and there is no terminal to ask: nothing was done. Give --yes to go on",
        ));
    }
    let mut err = io::stderr();
    let asked = write!(err, "Type yes to go on: ").and_then(|()| err.flush());
    let mut answer = String::new();
    match asked.and_then(|()| io::stdin().lock().read_line(&mut answer)) {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        _ => Err(Failure::declined("not confirmed: nothing was done")),
    }
}
