//! The life of keys: made pending, activated, retired, destroyed, and wrapped by another root key.
//!
//! Each task looks at authentic rows and says what to write, in one transaction; whoever runs it decides nothing. A task
//! that meets another process' change is decided anew, and what it wrote is read back before it is reported.

mod activate;
mod create;
mod destroy;
mod error;
mod forget;
mod report;
mod retire;
mod rewrap;
mod run;
mod selection;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use activate::ActivateKeys;
pub use create::CreateKeys;
pub use destroy::{DestroyKey, RowCount};
pub use error::KeyError;
pub use forget::ForgetField;
pub use report::{Event, KeyInfo, ListKeys, RootKeyUse, RootKeyUses};
pub use retire::RetireKey;
pub use rewrap::{Rewrap, Rewrapped};
pub use run::{KeyTask, KeyView};
pub use selection::KeySelection;

use super::start::Start;
use crate::keys::{RootKeyError, RootKeys};

/// How old the view of the keys may be that a refreshing vault seals with, and so how long it takes at most until every
/// such vault knows of a change. Ten minutes.
pub const LEASE: Duration = Duration::from_secs(600);

/// Whether every process that has a vault over these keys knows what was last written. A vault that refreshes itself does
/// so within a lease; one that does not, when it is opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Processes {
    /// Every vault refreshes itself, with a lease no longer than the manager's: the lease is waited for.
    Refresh,
    /// Every process was started again, or has opened its vault again, since the change before this one. Nothing can check
    /// this: a process that was left out may fail to find rows, or seal a value that nothing opens.
    Restarted,
}

/// Does what is done to keys over the years, by [tasks](KeyTask): creates, activates, retires, destroys and rewraps them.
///
/// It needs root keys and the application's name, and no model. It works on the keys of one scope, as a vault does.
#[derive(Debug)]
#[must_use = "a manager does nothing until it runs a task"]
pub struct KeyManager {
    start: Start,
    lease: Duration,
}

impl KeyManager {
    /// Manages keys that these root keys wrap, or are to wrap.
    pub fn new(root_keys: RootKeys) -> Self {
        Self { start: Start::new(root_keys), lease: LEASE }
    }

    /// Manages keys that `old` root keys wrap, to move them to `new` ones by one [`Rewrap`]: from the key, or the folder of
    /// keys, that was to the one that is to be, whether an application runs or not.
    ///
    /// # Errors
    /// [`RootKeyError::DuplicateId`](crate::RootKeyError::DuplicateId) if a new key has the id of an old one.
    pub fn moving(old: &RootKeys, new: RootKeys) -> Result<Self, RootKeyError> {
        Ok(Self::new(new.with_all(old)?))
    }

    /// The application's name, `default` unless set: as the vault's builder has it.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.start.application = name.into();
        self
    }

    /// The scope (tenant) whose keys are meant. Without it, those that have none.
    pub fn scope(mut self, scope: impl Into<Vec<u8>>) -> Self {
        self.start.scope = Some(scope.into());
        self
    }

    /// The longest lease of any vault over these keys: [`LEASE`] unless vaults are opened with another.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }
}
