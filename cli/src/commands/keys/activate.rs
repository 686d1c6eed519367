//! `keys activate`.

use clap::Args;
use diesel_encrypted::key_life::ActivateKeys;

use crate::{
    context::Context,
    exit::{Exit, Result},
    life::{self, ProcessOptions, SelectionOptions},
};

/// Make pending keys the active ones, and retire those that were.
///
/// Refused until a lease has passed since a key was made, by the database's clock, unless every process was started again.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted keys activate patients.email
  diesel-encrypted keys activate --every field --restarted")]
pub(crate) struct Activate {
    #[command(flatten)]
    keys: SelectionOptions,

    #[command(flatten)]
    processes: ProcessOptions,
}

impl Activate {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let task = ActivateKeys::new(self.keys.selection(), self.processes.processes());
        let lease = self.processes.lease();
        let keys = life::run(context, &mut *context.connect()?, context.root_keys()?, lease, &task)?;
        life::tell(context, &keys, "Next: rotate for data keys, reindex for index keys\n")?;
        Ok(Exit::Done)
    }
}
