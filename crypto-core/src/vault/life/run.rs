//! Running a task: read, decide, write, read back.

use std::time::Duration;

use super::{KeyError, KeyManager};
use crate::{
    keys::{AuditRow, HmacSha256, KeyEvent, KeyRow, KeyState, Purpose, Timestamp},
    vault::{Applied, AsyncKeyStore, Change, KeyStore, Stored, VaultError, authentic::altered, start::Start},
};

/// How often a task is decided anew because another process was first.
const ATTEMPTS: usize = 32;

/// What to write, and what to report.
type Decided<T> = (Vec<Change>, <T as KeyTask>::Report);

/// Something to do with keys: one of this crate's tasks.
pub trait KeyTask: Sync {
    /// What it tells when it is done.
    type Report: Send;

    /// Whether it is about the keys of every scope.
    #[doc(hidden)]
    const EVERY_SCOPE: bool = false;

    /// What to write, and what to report once it is written.
    #[doc(hidden)]
    fn decide(&self, view: &KeyView<'_>) -> Result<(Vec<Change>, Self::Report), KeyError>;
}

/// The rows, authentic, as a task sees them.
#[doc(hidden)]
pub struct KeyView<'m> {
    pub(super) start: &'m Start,
    pub(super) stored: &'m Stored,
    pub(super) state: HmacSha256,
    pub(super) now: Timestamp,
    pub(super) lease: Duration,
}

impl std::fmt::Debug for KeyView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyView").finish_non_exhaustive()
    }
}

impl<'m> KeyView<'m> {
    /// The keys that are meant: those of the scope's fields, of its indexes and of its authority. Manifests and the state key
    /// are no task's but rewrapping's.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'m KeyRow> {
        let scope = self.start.scope.as_deref();
        self.stored.keys.iter().filter(move |row| {
            matches!(row.context.purpose, Purpose::Encrypt | Purpose::Index | Purpose::Users)
                && row.context.scope.as_deref() == scope
        })
    }

    /// The key of this id, of the scope.
    pub(super) fn key(&self, key_id: u32) -> Result<&'m KeyRow, KeyError> {
        self.keys().find(|row| row.context.key_id == key_id).ok_or(KeyError::UnknownKey { key_id })
    }

    /// The events of a key, in their order.
    pub(super) fn events(&self, key_id: u32) -> Vec<&'m AuditRow> {
        let mut events: Vec<_> = self.stored.audit.iter().filter(|event| event.key_id == key_id).collect();
        events.sort_unstable_by_key(|event| event.sequence);
        events
    }

    /// When the key came to its state.
    pub(super) fn since(&self, row: &KeyRow) -> Result<Timestamp, KeyError> {
        let came = |event: &&&AuditRow| event.event == KeyEvent::from(row.state);
        let events = self.events(row.context.key_id);
        events.iter().rev().find(came).map(|event| event.at).ok_or_else(|| VaultError::RowsReplaced.into())
    }

    /// The change that brings the key to `state`.
    pub(super) fn advance(&self, row: &KeyRow, state: KeyState) -> Result<Change, KeyError> {
        let key_id = row.context.key_id;
        let state = row.state.advance(state).map_err(|source| KeyError::State { key_id, source })?;
        let wrapped = if state == KeyState::Destroyed { Vec::new() } else { row.wrapped.clone() };
        Ok(self.replace(row, KeyRow { state, wrapped, ..row.clone() }))
    }

    pub(super) fn replace(&self, old: &KeyRow, row: KeyRow) -> Change {
        Change::ReplaceKey { old_mac: old.mac, row: row.authenticate(&self.state) }
    }
}

impl KeyManager {
    /// Runs a task over `store`.
    ///
    /// # Errors
    /// [`KeyError`]: each says what to do. Nothing was written then, but for [`KeyError::NotKept`].
    pub fn run_with<T: KeyTask>(&self, task: &T, store: &mut dyn KeyStore) -> Result<T::Report, KeyError> {
        let mut doubted = None;
        for _ in 0..ATTEMPTS {
            let stored = if T::EVERY_SCOPE { store.load_all()? } else { store.load(self.start.scope.as_deref())? };
            let Some((changes, report)) = self.decide(task, stored, store.now()?, &mut doubted)? else { continue };
            if changes.is_empty() {
                return Ok(report);
            }
            if store.apply(&changes)? == Applied::Written {
                for row in inserted(&changes) {
                    self.read_back(row, store.key(row.context.key_id)?)?;
                }
                return Ok(report);
            }
        }
        Err(VaultError::Contended.into())
    }

    /// [`run_with`](Self::run_with), over a store that is awaited.
    ///
    /// # Errors
    /// As there.
    pub async fn run_with_async<T: KeyTask, S: AsyncKeyStore + ?Sized>(
        &self,
        task: &T,
        store: &mut S,
    ) -> Result<T::Report, KeyError> {
        let mut doubted = None;
        for _ in 0..ATTEMPTS {
            let stored = match T::EVERY_SCOPE {
                true => store.load_all().await?,
                false => store.load(self.start.scope.as_deref()).await?,
            };
            let now = store.now().await?;
            let Some((changes, report)) = self.decide(task, stored, now, &mut doubted)? else { continue };
            if changes.is_empty() {
                return Ok(report);
            }
            if store.apply(&changes).await? == Applied::Written {
                for row in inserted(&changes) {
                    self.read_back(row, store.key(row.context.key_id).await?)?;
                }
                return Ok(report);
            }
        }
        Err(VaultError::Contended.into())
    }

    /// What `task` has to write. `None` if rows contradict each other: another process may have been writing while they
    /// were read, so they are read once more, and refused if they are the same.
    fn decide<T: KeyTask>(
        &self,
        task: &T,
        stored: Stored,
        now: Timestamp,
        doubted: &mut Option<Stored>,
    ) -> Result<Option<Decided<T>>, KeyError> {
        let state = match self.start.authentic(&stored) {
            Ok(Some(state)) => state,
            Ok(None) => return Err(KeyError::NoKeys),
            Err(refusal) if doubted.as_ref() == Some(&stored) => return Err(refusal.into()),
            Err(_) => {
                *doubted = Some(stored);
                return Ok(None);
            }
        };
        let view = KeyView { start: &self.start, stored: &stored, state, now, lease: self.lease };
        let (changes, report) = task.decide(&view)?;
        if changes.is_empty() {
            return Ok(Some((changes, report)));
        }
        let changes = self.start.complete(&stored, changes, &view.state, now)?;
        Ok(Some((changes, report)))
    }

    /// A key is stored if it comes back as it was, and unwraps.
    fn read_back(&self, written: &KeyRow, found: Option<KeyRow>) -> Result<(), KeyError> {
        let key_id = written.context.key_id;
        let kept = found.filter(|found| found.context == written.context && found.check == written.check);
        let Some(row) = kept else { return Err(KeyError::NotKept { key_id }) };
        if row.has_key() {
            self.start.unwrap(&row).map_err(|_| altered(&row))?;
        }
        tracing::info!(key_id = format_args!("{key_id:08x}"), name = row.context.name, "a key was made, and read back");
        Ok(())
    }
}

/// The keys that are new.
fn inserted(changes: &[Change]) -> impl Iterator<Item = &KeyRow> {
    changes.iter().filter_map(|change| match change {
        Change::InsertKey(row) if row.context.purpose != Purpose::Manifest => Some(row),
        _ => None,
    })
}
