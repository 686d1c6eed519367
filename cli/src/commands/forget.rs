//! `forget`.

use clap::Args;
use diesel_encrypted::{
    key_life::{ForgetField, LEASE},
    maintenance::ColumnStatus,
};

use crate::{
    context::Context,
    exit::{Exit, Failure, Result},
    life,
    prompt::confirm,
};

/// Take columns out of the registry, that were dropped or hold no sealed value any more.
///
/// No command looks for them then, and their keys can be retired and destroyed. Values and keys stay as they are. A column
/// that a model still declares is registered again when the application next starts.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted forget patients.note
  diesel-encrypted forget patients
  diesel-encrypted forget patients.note --force patients.note")]
pub(crate) struct Forget {
    /// Columns as TABLE.COLUMN, tables with all of their columns, or fields by the id that `status --json` prints
    #[arg(required = true)]
    columns: Vec<String>,

    /// Forget this column though it holds sealed values: TABLE.COLUMN once more
    #[arg(long, value_name = "TABLE.COLUMN")]
    force: Vec<String>,
}

impl Forget {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let mut session = context.connect()?;
        context.inventory(&mut *session)?;
        let status = session.status()?;
        for name in self.columns.iter().chain(&self.force) {
            if !status.iter().any(|column| is_named(column, name)) {
                let known: Vec<String> = status.iter().map(column_name).collect();
                return Err(Failure::usage(format!(
                    "{name} is no registered column, and no table with one. There are: {}",
                    known.join(", ")
                )));
            }
        }
        let root_keys = context.root_keys()?;
        let named = |column: &&ColumnStatus| self.columns.iter().any(|name| is_named(column, name));
        let columns: Vec<&ColumnStatus> = status.iter().filter(named).collect();
        let is_forced = |column: &ColumnStatus| self.force.contains(&column_name(column));
        // One that holds values and is not forced is refused below, with the reason.
        if columns.iter().all(|column| column.sealed() == 0 || is_forced(column)) {
            confirm(context, &columns.iter().map(|column| loss(column)).collect::<String>())?;
        }
        let mut unused = Vec::new();
        for column in columns {
            let mut task = ForgetField::new(&column.field).counted(column.sealed());
            if is_forced(column) {
                task = task.forced();
            }
            unused.extend(life::run(context, &mut *session, root_keys.clone(), LEASE, &task)?);
        }
        let next = match unused.is_empty() {
            true => "",
            false => "\nNo registered column has these keys any more: `keys retire`, and then `keys destroy` them.",
        };
        life::tell(context, &unused, next)?;
        Ok(Exit::Done)
    }
}

fn column_name(column: &ColumnStatus) -> String {
    format!("{}.{}", column.table, column.column)
}

fn is_named(column: &ColumnStatus, name: &str) -> bool {
    name == column.table || name == column.field || name == column_name(column)
}

fn loss(column: &ColumnStatus) -> String {
    let holds = match (column.missing, column.sealed()) {
        (true, _) => "the database has no such column".to_owned(),
        (false, 0) => "it holds no sealed value".to_owned(),
        (false, sealed) => format!("ITS {sealed} SEALED VALUES WILL BE LOOKED AFTER BY NO COMMAND"),
    };
    format!("{} will be forgotten: {holds}.\n", column_name(column))
}
