//! `keys destroy`.

use clap::Args;
use diesel_encrypted::{
    key_life::{DestroyKey, RowCount},
    keys::{KeyRow, Purpose},
};

use crate::{
    commands::purge::key_id,
    context::Context,
    exit::{Exit, Failure, Result},
    life::{self, ProcessOptions},
    output::printable,
    prompt::confirm,
    session::Session,
};

/// Remove the bytes of a retired key, for good.
///
/// Refused while a value needs it, which is counted over all columns, and until two leases have passed since it retired,
/// unless every process was started again. Its row stays, and its id is never given away again.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted keys destroy 1f2e3d4c
  diesel-encrypted keys destroy 1f2e3d4c --restarted --yes
  diesel-encrypted keys destroy 1f2e3d4c --force 1f2e3d4c")]
pub(crate) struct Destroy {
    /// The key, as `keys list` prints it
    #[arg(value_parser = key_id)]
    key: u32,

    #[command(flatten)]
    processes: ProcessOptions,

    /// Destroy it though values need it, which nothing opens then: the key once more
    #[arg(long, value_name = "KEY", value_parser = key_id)]
    force: Option<u32>,
}

impl Destroy {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        if self.force.is_some_and(|force| force != self.key) {
            return Err(Failure::usage("--force names another key than the one to be destroyed"));
        }
        let mut session = context.connect()?;
        let rows = context.inventory(&mut *session)?.keys;
        let row = rows.iter().find(|row| row.context.key_id == self.key);
        let row = row.ok_or_else(|| Failure::failed(format!("there is no key {:08x}: list the keys", self.key)))?;
        let root_keys = context.root_keys()?;
        let count = count(&mut *session, row)?;
        let lost = match (count.as_ref().map(|count| count.rows), row.context.purpose) {
            (Some(0), _) => Some("No value needs it.".to_owned()),
            (_, _) if self.force.is_none() => None,
            (None, Purpose::Users) => {
                Some("This database has no accounts, so that nobody knows which users and groups need it.".to_owned())
            }
            (Some(rows), Purpose::Users) => Some(format!(
                "{rows} rows of accounts need it: those users and groups are not vouched for from then on, and escrow, \
                 questions and sessions that need it open nothing."
            )),
            (None, _) => Some("It is of no registered column, so that nobody knows which values need it.".to_owned()),
            (Some(rows), Purpose::Index) => {
                Some(format!("{rows} values are found by it, and by no search from then on."))
            }
            (Some(rows), _) => Some(format!("{rows} values need it: NOBODY WILL EVER READ THEM AGAIN.")),
        };
        // Else it is refused, with the reason.
        if let Some(lost) = lost {
            let name = printable(&row.context.name);
            confirm(context, &format!("Key {:08x} of {name} will be destroyed, for good. {lost}", self.key))?;
        }
        let mut task = DestroyKey::new(self.key, self.processes.processes());
        if let Some(count) = count {
            task = task.counted(count);
        }
        if self.force.is_some() {
            task = task.forced();
        }
        let key = life::run(context, &mut *session, root_keys, self.processes.lease(), &task)?;
        life::tell(context, &[key], "")?;
        Ok(Exit::Done)
    }
}

/// The values that name a key, or that have a tag of its generation: of every scope, as tags do not tell theirs; of the key
/// that vouches for users, the rows of accounts. `None` for a key of no registered column, and without accounts.
fn count(session: &mut dyn Session, key: &KeyRow) -> Result<Option<RowCount>> {
    let began = session.store().now()?;
    if key.context.purpose == Purpose::Users {
        let rows = session.authority_rows(key.context.key_id)?;
        return Ok(rows.map(|rows| RowCount::new(rows.total(), rows.query, began)));
    }
    let registered = session.inventory()?.map(|rows| rows.columns).unwrap_or_default();
    let generation = u8::try_from((key.context.version.max(1) - 1) % 255 + 1).unwrap_or(u8::MAX);
    let (mut rows, mut queries, mut is_registered) = (0, Vec::new(), false);
    for column in session.status()? {
        for count in column.keys.iter().filter(|count| !count.user_key && count.key_id == key.context.key_id) {
            rows += count.rows;
            queries.push(count.query.clone());
        }
        if key.context.purpose != Purpose::Index {
            is_registered |= column.field == key.context.name;
            continue;
        }
        let Some(row) = registered.iter().find(|row| row.field_id == column.field) else { continue };
        let domains = row.index_domains();
        if domains.is_empty() && row.indexes != "[]" {
            return Err(Failure::failed(format!("{} was registered by a newer version: use that one", column.field)));
        }
        for (_, index) in domains.iter().zip(&column.indexes).filter(|((_, domain), _)| *domain == key.context.name) {
            is_registered = true;
            rows += index.generations.get(&generation).copied().unwrap_or_default();
            queries.extend(index.queries.get(&generation).cloned());
        }
    }
    // Values by two algorithms are counted by one query.
    queries.dedup();
    Ok(is_registered.then(|| RowCount::new(rows, queries.join("; "), began)))
}
