//! `verify`.

use clap::Args;

use crate::{
    context::Context,
    exit::{Exit, Result},
    job::{JobOptions, Task},
};

/// Open every value, compute its blind indexes anew, and change nothing.
///
/// Each value that does not open, or whose tag is not its own, is reported with its table and primary key; the exit code is
/// 3 then. It needs every normaliser: an application that has some of its own verifies by its own program, or its values are
/// opened by --open-only and their tags not compared.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted verify
  diesel-encrypted verify patients.email --workers 4
  diesel-encrypted verify patients.sealed_email --against email
  diesel-encrypted verify --open-only
  diesel-encrypted verify --json > verified.json")]
pub(crate) struct Verify {
    #[command(flatten)]
    job: JobOptions,

    /// Compare each value with what stands in this column of the same table, in the clear
    #[arg(long, value_name = "COLUMN")]
    against: Option<String>,

    /// Open values also where a function of the application's own makes their tags, which are then not compared
    #[arg(long)]
    open_only: bool,
}

impl Verify {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let vault = context.open(&mut *context.connect()?)?;
        self.job.run(context, &vault, Task::Verify { against: self.against.clone(), open_only: self.open_only })
    }
}
