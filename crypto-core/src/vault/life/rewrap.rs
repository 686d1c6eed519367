//! Another root key for every data key. The keys stay what they are, so no value is touched.

use super::{KeyError, KeyTask, KeyView, RootKeyUse};
use crate::{keys::KeyRow, vault::Change};

/// What [`Rewrap`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rewrapped {
    /// How many keys are wrapped by another root key now.
    pub keys: usize,
    /// The root keys that are needed from now on. One that is not listed opens nothing any more.
    pub needed: Vec<RootKeyUse>,
}

/// The task that wraps every key of every scope, the state key among them, by the active root key, in one transaction. The
/// manager needs the old root keys beside it.
///
/// It can run while the application does, as vaults have their keys unwrapped in memory; but a process that is started
/// afterwards, or refreshes, needs the new root key, so configure it everywhere first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rewrap;

impl KeyTask for Rewrap {
    type Report = Rewrapped;

    const EVERY_SCOPE: bool = true;

    fn decide(&self, view: &KeyView<'_>) -> Result<(Vec<Change>, Rewrapped), KeyError> {
        let root = view.start.root_keys.active();
        let by_another = |row: &KeyRow| {
            row.has_key() && (row.root_id != root.id().as_str() || row.root_fingerprint != root.fingerprint())
        };
        let (mut changes, mut after) = (Vec::new(), view.stored.keys.clone());
        for row in after.iter_mut().filter(|row| by_another(row)) {
            let wrapped = view.start.unwrap(row)?.wrap(root)?;
            let (root_id, root_fingerprint) = (root.id().to_string(), root.fingerprint());
            let new = KeyRow { root_id, root_fingerprint, wrapped, ..row.clone() };
            changes.push(view.replace(row, new.clone()));
            *row = new;
        }
        let keys = changes.len();
        Ok((changes, Rewrapped { keys, needed: RootKeyUse::of(&after) }))
    }
}
