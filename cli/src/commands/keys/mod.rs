//! `keys`, a file for each command below it.

mod export;
mod fingerprint;
mod generate;
mod import;
mod join;
mod list;
mod split;

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
    Export(export::Export),
    Import(import::Import),
    Split(split::Split),
    Join(join::Join),
}

impl Keys {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        match self {
            Self::Generate(command) => command.run(context),
            Self::Fingerprint(command) => command.run(context),
            Self::List(command) => command.run(context),
            Self::Export(command) => command.run(context),
            Self::Import(command) => command.run(context),
            Self::Split(command) => command.run(context),
            Self::Join(command) => command.run(context),
        }
    }
}
