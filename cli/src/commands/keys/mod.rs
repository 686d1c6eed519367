//! `keys`, a file for each command below it.

mod fingerprint;
mod generate;
mod list;

use clap::Subcommand;

use crate::{
    context::Context,
    exit::{Exit, Result},
};

/// Make, show, back up and change keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    Generate(generate::Generate),
    Fingerprint(fingerprint::Fingerprint),
    List(list::List),
}

impl Keys {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        match self {
            Self::Generate(command) => command.run(context),
            Self::Fingerprint(command) => command.run(context),
            Self::List(command) => command.run(context),
        }
    }
}
