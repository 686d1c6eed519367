//! `rotate`.

use clap::Args;

use crate::{
    context::Context,
    exit::{Exit, Result},
    job::{JobOptions, Task},
};

/// Seal values anew with the active key and algorithm of their column, where they are not.
///
/// Tags of blind indexes stay as they are. The application goes on reading and writing meanwhile: a row is written only if
/// its value is still the one that was read. A run that was stopped or killed goes on where it was.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted rotate --dry-run
  diesel-encrypted rotate
  diesel-encrypted rotate patients --workers 4 --rate 5000")]
pub(crate) struct Rotate {
    #[command(flatten)]
    job: JobOptions,
}

impl Rotate {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let vault = context.open(&mut *context.connect()?)?;
        self.job.run(context, &vault, Task::Rotate)
    }
}
