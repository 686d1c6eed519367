//! The commands, a file each.

mod completions;
mod keys;
mod man;

use clap::Subcommand;

use crate::{
    context::Context,
    exit::{Exit, Result},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(subcommand)]
    Keys(keys::Keys),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        match self {
            Self::Keys(command) => command.run(context),
            Self::Completions(command) => command.run(context),
            Self::Man(command) => command.run(context),
        }
    }
}
