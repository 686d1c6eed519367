//! From pending to active: what a key's name seals with from now on.

use super::{KeyError, KeyInfo, KeySelection, KeyTask, KeyView, Processes};
use crate::{
    keys::{KeyRow, KeyState},
    vault::{Change, authentic::active},
};

/// The task that makes the selected pending keys active, and retires those that were, all in one transaction. Reports the
/// keys that are active now.
///
/// A process that does not know a key yet refreshes when it meets a value of it; but its searches do not ask for a
/// generation that it does not know. So no key is activated before every process knows it: see [`Processes`].
#[derive(Clone, Debug)]
#[must_use = "a task does nothing until it is run"]
pub struct ActivateKeys {
    selection: KeySelection,
    processes: Processes,
}

impl ActivateKeys {
    /// Activates pending keys of these names.
    pub const fn new(selection: KeySelection, processes: Processes) -> Self {
        Self { selection, processes }
    }
}

impl KeyTask for ActivateKeys {
    type Report = Vec<KeyInfo>;

    fn decide(&self, view: &KeyView<'_>) -> Result<(Vec<Change>, Vec<KeyInfo>), KeyError> {
        let pending = self.selection.keys(view, KeyState::Pending)?;
        if pending.is_empty() {
            return Err(KeyError::NothingPending { selection: self.selection.clone() });
        }
        let (mut changes, mut report) = (Vec::new(), Vec::new());
        for row in pending {
            view.wait(row, 1, self.processes)?;
            let context = &row.context;
            if let Some(old) = active(&view.stored.keys, context.purpose, &context.name, context.scope.as_deref()) {
                changes.push(view.advance(old, KeyState::Retired)?);
            }
            changes.push(view.advance(row, KeyState::Active)?);
            report.push(KeyInfo::coming_to(view, row, KeyState::Active));
        }
        Ok((changes, report))
    }
}

impl KeyView<'_> {
    /// Refuses what every process has to know of first: the key has been in its state for less than so many leases.
    pub(super) fn wait(&self, row: &KeyRow, leases: u32, processes: Processes) -> Result<(), KeyError> {
        if processes == Processes::Restarted {
            return Ok(());
        }
        let (since, lease) = (self.since(row)?, self.lease.saturating_mul(leases));
        let passed = self.now.since(since);
        match lease.checked_sub(passed) {
            None | Some(std::time::Duration::ZERO) => Ok(()),
            Some(wait) => Err(KeyError::TooEarly {
                key_id: row.context.key_id,
                state: row.state,
                since,
                leases,
                wait,
                until: since.after(lease),
            }),
        }
    }
}
