//! Prompts. Secrets are typed without an echo; from a pipe they come line by line.

use std::io::{self, IsTerminal};

use crate::Result;

/// Asks for a secret.
pub fn secret(prompt: &str) -> Result<String> {
    if io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password(prompt)?);
    }
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Err(format!("nothing was typed for `{}`", prompt.trim_end_matches([':', ' '])).into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks for a new password, twice on a terminal.
pub fn new_password(name: &str) -> Result<String> {
    let password = secret(&format!("New password of {name}: "))?;
    if io::stdin().is_terminal() && secret("The same again: ")? != password {
        return Err("the two passwords differ".into());
    }
    Ok(password)
}
