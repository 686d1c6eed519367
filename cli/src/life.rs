//! What the commands that change keys share: which keys, whether every process knows, and what is told of them.

use std::time::Duration;

use clap::{Args, ValueEnum};
use diesel_encrypted::{
    KeyManager, RootKeys,
    key_life::{KeyError, KeyInfo, KeySelection, KeyTask, LEASE, Processes},
    keys::KeyEvent,
};
use serde::Serialize;

use crate::{
    context::Context,
    exit::{Exit, Failure, Result},
    output::table,
    session::Session,
};

/// Which keys.
#[derive(Args, Debug)]
pub(crate) struct SelectionOptions {
    /// A field (patients.email) or an index (index:patients.email:default), as `keys list` names it
    #[arg(required_unless_present_any = ["every", "users"], conflicts_with_all = ["every", "users"])]
    name: Option<String>,

    /// Those of every field, of every index, or of all there is
    #[arg(long, value_name = "WHAT", value_enum, conflicts_with = "users")]
    every: Option<Every>,

    /// The authority's, which vouches for the application's users
    #[arg(long)]
    users: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Every {
    Field,
    Index,
    Key,
}

impl SelectionOptions {
    pub(crate) fn selection(&self) -> KeySelection {
        match (&self.name, self.every) {
            (None, None) => KeySelection::Users,
            (Some(name), _) if name.starts_with("index:") || name.starts_with("domain:") => {
                KeySelection::Index(name.clone())
            }
            (Some(name), _) => KeySelection::Field(name.clone()),
            (None, Some(Every::Field)) => KeySelection::EveryField,
            (None, Some(Every::Index)) => KeySelection::EveryIndex,
            (None, _) => KeySelection::All,
        }
    }
}

/// Whether every process knows what was last written.
#[derive(Args, Debug)]
pub(crate) struct ProcessOptions {
    /// Every process was started again since the key came to its state. Nothing can check this. Without it, vaults that
    /// refresh themselves are waited for, by the time that the key is in its state
    #[arg(long)]
    pub(crate) restarted: bool,

    /// The longest lease of any vault, in seconds, if it is not 600
    #[arg(long, value_name = "SECONDS")]
    lease: Option<u64>,
}

impl ProcessOptions {
    pub(crate) const fn processes(&self) -> Processes {
        if self.restarted { Processes::Restarted } else { Processes::Refresh }
    }

    pub(crate) fn lease(&self) -> Duration {
        self.lease.map_or(LEASE, Duration::from_secs)
    }
}

/// A manager of the keys of this run's application and scope.
pub(crate) fn manager(context: &Context, keys: KeyManager) -> KeyManager {
    let manager = keys.application(context.application());
    match &context.options.scope {
        Some(scope) => manager.scope(scope.as_bytes()),
        None => manager,
    }
}

/// Runs a task over a connection. A database without keys is refused, and gets no tables.
pub(crate) fn run<T: KeyTask>(
    context: &Context,
    session: &mut dyn Session,
    root_keys: RootKeys,
    lease: Duration,
    task: &T,
) -> Result<T::Report> {
    context.inventory(session)?;
    let manager = manager(context, KeyManager::new(root_keys)).lease(lease);
    Ok(manager.run_with(task, &mut *session.store())?)
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Vault(error) => error.into(),
            KeyError::TooEarly { .. } => {
                Self::failed(error.to_string().replace("say so (`Processes::Restarted`)", "give --restarted"))
            }
            error => Self::new(Exit::Failed, error.to_string()),
        }
    }
}

/// A key, for people.
#[derive(Serialize)]
pub(crate) struct Told {
    key_id: String,
    purpose: String,
    name: String,
    version: u32,
    state: String,
    since: Option<String>,
    root_key: String,
}

impl Told {
    pub(crate) fn new(key: &KeyInfo) -> Self {
        Self {
            key_id: format!("{:08x}", key.key_id),
            purpose: key.purpose.to_string(),
            name: key.name.clone(),
            version: key.version,
            state: key.state.to_string(),
            since: key.when(KeyEvent::from(key.state)).map(|at| at.to_string()),
            root_key: key.root_id.clone(),
        }
    }
}

/// Tells of keys, and what to do next.
pub(crate) fn tell(context: &Context, keys: &[KeyInfo], next: &str) -> Result<()> {
    let keys: Vec<Told> = keys.iter().map(Told::new).collect();
    context.output.result(&keys, || {
        let rows: Vec<_> = keys
            .iter()
            .map(|key| {
                [
                    key.key_id.clone(),
                    key.purpose.clone(),
                    key.name.clone(),
                    key.version.to_string(),
                    key.state.clone(),
                    key.since.clone().unwrap_or_default(),
                ]
            })
            .collect();
        table(["KEY", "PURPOSE", "NAME", "VERSION", "STATE", "SINCE"], &rows) + next
    })
}
