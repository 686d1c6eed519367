//! `reindex`.

use clap::Args;

use crate::{
    context::Context,
    exit::{Exit, Result},
    job::{JobOptions, Task},
};

/// Make the tags of blind indexes anew, where a value lacks one of the active generation.
///
/// After a new index key, a new normaliser or number of bits, and for a further index. Searches go on finding every row. An
/// index with a normaliser of the application's own is reindexed by the application's own program.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted reindex --dry-run
  diesel-encrypted reindex patients.email")]
pub(crate) struct Reindex {
    #[command(flatten)]
    job: JobOptions,
}

impl Reindex {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let vault = context.open(&mut *context.connect()?)?;
        self.job.run(context, &vault, Task::Reindex)
    }
}
