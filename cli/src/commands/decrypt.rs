//! `decrypt`.

use clap::Args;

use crate::{
    context::Context,
    exit::{Exit, Result},
    job::{JobOptions, Task, column_name},
    output::count,
    prompt::confirm,
};

/// Write values in the clear: the way out.
///
/// In place, or into another column of the same table. Whoever reads the database, its backups and its logs reads the
/// values then.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted decrypt --dry-run
  diesel-encrypted decrypt patients.note --into plain_note
  diesel-encrypted decrypt patients.note --yes")]
pub(crate) struct Decrypt {
    #[command(flatten)]
    job: JobOptions,

    /// Write into this column of the same table where it is NULL, and leave the encrypted one as it is
    #[arg(long, value_name = "COLUMN")]
    into: Option<String>,
}

impl Decrypt {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let mut session = context.connect()?;
        let vault = context.open(&mut *session)?;
        let fields = self.job.fields(&vault)?;
        if !self.job.dry_run {
            let meant = |id: &str| fields.iter().any(|field| field.id() == id);
            let sealed: u64 =
                session.status()?.iter().filter(|column| meant(&column.field)).map(|column| column.sealed()).sum();
            let columns: Vec<String> = fields.iter().map(|field| column_name(field)).collect();
            confirm(
                context,
                &format!(
                    "{} of {} will stand in the database in the clear, and from then on in its backups and logs.",
                    count(usize::try_from(sealed).unwrap_or(usize::MAX), "value"),
                    columns.join(", ")
                ),
            )?;
        }
        self.job.run(context, &vault, Task::Decrypt { into: self.into.clone() })
    }
}
