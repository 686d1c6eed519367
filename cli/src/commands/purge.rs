//! `purge`.

use clap::Args;
use diesel_encrypted::{keys::KeyState, maintenance::ColumnStatus};

use crate::{
    context::Context,
    exit::{Exit, Failure, Result},
    job::{JobOptions, Task},
    output::{count, table},
    prompt::confirm,
};

/// Remove what can no longer be opened, so that the application starts again with the rest.
///
/// Only values whose key was destroyed, or is lost and named by --key, are set to NULL, or their rows deleted. A value that
/// was altered is never purged, and neither is one whose key is there.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted purge --dry-run
  diesel-encrypted purge patients.note
  diesel-encrypted purge patients.email --key 1f2e3d4c --rows")]
pub(crate) struct Purge {
    #[command(flatten)]
    job: JobOptions,

    /// Also values of this key, in hexadecimal, which encryption_keys does not have any more
    #[arg(long, value_name = "ID", value_parser = key_id)]
    key: Vec<u32>,

    /// Delete the rows, instead of setting the values to NULL
    #[arg(long)]
    rows: bool,
}

/// A key's id, as `keys list` prints it.
pub(crate) fn key_id(text: &str) -> std::result::Result<u32, String> {
    match u32::from_str_radix(text, 16) {
        Ok(id) if text.len() == 8 && id != 0 => Ok(id),
        _ => Err("a key's id has 8 hexadecimal digits, as `keys list` and `status` print it".to_owned()),
    }
}

impl Purge {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let mut session = context.connect()?;
        let vault = context.open(&mut *session)?;
        let fields = self.job.fields(&vault)?;
        if !self.job.dry_run {
            let meant = |column: &&ColumnStatus| fields.iter().any(|field| field.id() == column.field);
            let status = session.status()?;
            let lost: Vec<[String; 3]> = status.iter().filter(meant).flat_map(|column| self.lost(column)).collect();
            if !lost.is_empty() {
                let what = if self.rows { "Their whole rows will be deleted" } else { "They will be set to NULL" };
                let lost = table(["COLUMN", "KEY", "VALUES"], &lost);
                confirm(context, &format!("These values can no longer be opened:\n{lost}{what}, for good."))?;
            }
        }
        if self.rows && fields.len() > 1 && !self.job.dry_run && !context.options.yes {
            return Err(Failure::usage(format!(
                "--rows deletes rows for each of {}: name one column, or give --yes",
                count(fields.len(), "column")
            )));
        }
        self.job.run(context, &vault, Task::Purge { keys: self.key.clone(), rows: self.rows })
    }

    /// The values of a column that are purged, by key.
    fn lost(&self, column: &ColumnStatus) -> Vec<[String; 3]> {
        let is_lost = |state: Option<KeyState>, key_id: u32| match state {
            Some(state) => state == KeyState::Destroyed,
            None => self.key.contains(&key_id),
        };
        let lost = column.keys.iter().filter(|key| is_lost(key.state, key.key_id));
        lost.map(|key| {
            [format!("{}.{}", column.table, column.column), format!("{:08x}", key.key_id), key.rows.to_string()]
        })
        .collect()
    }
}
