//! `completions`.

use clap::Args;
use clap_complete::Shell;

use crate::{
    context::Context,
    exit::{Exit, Failure, Result},
    output::print,
};

/// Print a script that completes this command in a shell.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted completions bash > ~/.local/share/bash-completion/completions/diesel-encrypted
  diesel-encrypted completions fish > ~/.config/fish/completions/diesel-encrypted.fish")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let mut command = context.command.clone();
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        let script = String::from_utf8(script).map_err(|_| Failure::failed("the script is not UTF-8 text"))?;
        print(script.trim_end())?;
        Ok(Exit::Done)
    }
}
