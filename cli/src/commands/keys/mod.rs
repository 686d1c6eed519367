//! `keys`, a file for each command below it.

mod activate;
mod create;
mod destroy;
mod export;
mod fingerprint;
mod generate;
mod import;
mod join;
mod list;
mod retire;
mod rewrap;
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
    Create(create::Create),
    Activate(activate::Activate),
    Retire(retire::Retire),
    Destroy(destroy::Destroy),
    Rewrap(rewrap::Rewrap),
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
            Self::Create(command) => command.run(context),
            Self::Activate(command) => command.run(context),
            Self::Retire(command) => command.run(context),
            Self::Destroy(command) => command.run(context),
            Self::Rewrap(command) => command.run(context),
            Self::Export(command) => command.run(context),
            Self::Import(command) => command.run(context),
            Self::Split(command) => command.run(context),
            Self::Join(command) => command.run(context),
        }
    }
}
