//! Destroying a key: its bytes go, and with them whatever still needs them.

use super::{KeyError, KeyInfo, KeyTask, KeyView, Processes};
use crate::{
    keys::{KeyState, Timestamp},
    vault::Change,
};

/// How many stored values need a key: counted by SQL, without any key, by whoever knows the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowCount {
    /// The values that name the key, or carry a tag of its generation.
    pub rows: u64,
    /// The query that counts them, for whoever wants to look.
    pub query: String,
    /// When counting began, by the database's clock: [`KeyStore::now`](crate::KeyStore::now), asked before.
    pub began: Timestamp,
}

impl RowCount {
    /// What a count found: its parts are those of the same names.
    #[must_use]
    pub const fn new(rows: u64, query: String, began: Timestamp) -> Self {
        Self { rows, query, began }
    }
}

/// The task that removes the bytes of a retired key, and keeps its row. Reports the key.
///
/// It waits for two leases after retirement (see [`Processes`]): one until no vault seals by a view in which the key was
/// active, and one for the statement that was under way then. Only rows that are counted after that are counted for good.
/// A pending key, which never sealed, is destroyed without either.
#[derive(Clone, Debug)]
#[must_use = "a task does nothing until it is run"]
pub struct DestroyKey {
    key_id: u32,
    processes: Processes,
    count: Option<RowCount>,
    forced: bool,
}

impl DestroyKey {
    /// Destroys this key.
    pub const fn new(key_id: u32, processes: Processes) -> Self {
        Self { key_id, processes, count: None, forced: false }
    }

    /// Says how many values need it.
    pub fn counted(mut self, count: RowCount) -> Self {
        self.count = Some(count);
        self
    }

    /// Destroys it whoever needs it, counted or not: what it sealed can never be read again. The waiting stays.
    pub const fn forced(mut self) -> Self {
        self.forced = true;
        self
    }

    fn nothing_needs_it(&self, view: &KeyView<'_>, safe: Timestamp) -> Result<(), KeyError> {
        let key_id = self.key_id;
        match &self.count {
            _ if self.forced => {
                tracing::warn!(key_id = format_args!("{key_id:08x}"), "a key is destroyed by force");
                Ok(())
            }
            None => Err(KeyError::NotCounted { key_id }),
            Some(count) if count.rows > 0 => {
                Err(KeyError::Needed { key_id, rows: count.rows, query: count.query.clone() })
            }
            Some(count) if count.began < safe || count.began > view.now => Err(KeyError::CountedTooEarly { key_id }),
            Some(_) => Ok(()),
        }
    }
}

impl KeyTask for DestroyKey {
    type Report = KeyInfo;

    fn decide(&self, view: &KeyView<'_>) -> Result<(Vec<Change>, KeyInfo), KeyError> {
        let row = view.key(self.key_id)?;
        let change = view.advance(row, KeyState::Destroyed)?;
        if row.state == KeyState::Retired {
            view.wait(row, 2, self.processes)?;
            let safe = match self.processes {
                Processes::Refresh => view.since(row)?.after(view.lease.saturating_mul(2)),
                Processes::Restarted => view.since(row)?,
            };
            self.nothing_needs_it(view, safe)?;
        }
        Ok((vec![change], KeyInfo::coming_to(view, row, KeyState::Destroyed)))
    }
}
