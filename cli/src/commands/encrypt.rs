//! `encrypt`.

use clap::Args;

use crate::{
    context::Context,
    exit::{Exit, Failure, Result},
    job::{JobOptions, Task, column_name},
};

/// Seal what stands in the clear.
///
/// Columns whose model accepts plaintext are sealed in place, while the application reads both. A column that refuses
/// plaintext and holds some is refused, unless it is named by --plaintext-of: somebody may have planted it, and sealing
/// makes it authentic. A value that looks sealed and whose key is unknown is reported and left.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted encrypt --dry-run
  diesel-encrypted encrypt patients.email
  diesel-encrypted encrypt patients.email --from plain_email
  diesel-encrypted encrypt patients --scope clinic-7 --only clinic_id=7
  diesel-encrypted encrypt patients.note --plaintext-of patients.note")]
pub(crate) struct Encrypt {
    #[command(flatten)]
    job: JobOptions,

    /// Seal what stands in this column of the same table, into the encrypted one where that is NULL
    #[arg(long, value_name = "COLUMN")]
    from: Option<String>,

    /// Seal plaintext in this column, TABLE.COLUMN, though its model refuses plaintext
    #[arg(long, value_name = "TABLE.COLUMN")]
    plaintext_of: Vec<String>,
}

impl Encrypt {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let vault = context.open(&mut *context.connect()?)?;
        let mut plaintext_of = Vec::new();
        for name in &self.plaintext_of {
            let field = vault.fields().find(|field| column_name(field) == *name);
            let field = field.ok_or_else(|| Failure::usage(format!("{name} is no encrypted column")))?;
            plaintext_of.push((field.table().to_owned(), field.column().to_owned()));
        }
        self.job.run(context, &vault, Task::Backfill { from: self.from.clone(), plaintext_of })
    }
}
