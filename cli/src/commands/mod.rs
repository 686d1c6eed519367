//! The commands, a file each.

mod completions;
mod decrypt;
mod doctor;
mod encrypt;
mod forget;
mod keys;
mod man;
mod purge;
mod reindex;
mod rotate;
mod sql;
mod status;
mod verify;

use clap::Subcommand;

use crate::{
    context::Context,
    exit::{Exit, Result},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(subcommand)]
    Keys(keys::Keys),
    Status(status::Status),
    Verify(verify::Verify),
    Encrypt(encrypt::Encrypt),
    Rotate(rotate::Rotate),
    Reindex(reindex::Reindex),
    Decrypt(decrypt::Decrypt),
    Purge(purge::Purge),
    Forget(forget::Forget),
    Sql(sql::Sql),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        match self {
            Self::Keys(command) => command.run(context),
            Self::Status(command) => command.run(context),
            Self::Verify(command) => command.run(context),
            Self::Encrypt(command) => command.run(context),
            Self::Rotate(command) => command.run(context),
            Self::Reindex(command) => command.run(context),
            Self::Decrypt(command) => command.run(context),
            Self::Purge(command) => command.run(context),
            Self::Forget(command) => command.run(context),
            Self::Sql(command) => command.run(context),
            Self::Doctor(command) => command.run(context),
            Self::Completions(command) => command.run(context),
            Self::Man(command) => command.run(context),
        }
    }
}
