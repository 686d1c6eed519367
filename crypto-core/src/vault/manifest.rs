//! The manifest of a scope: a row of the key table that holds no key and lists, by its MAC, every row there is.
//!
//! A row's own MAC says that it once was right. The manifest says that it still is, and that none is missing: someone who
//! can write to the database can neither delete a row, so that a new key takes the place of the old, nor put back an older
//! copy of one, so that a leaked key is used again. What remains is to roll back all rows of a scope at once.

use super::{Change, Stored, VaultError};
use crate::keys::{HmacSha256, KeyContext, KeyRow, Purpose};

/// Refuses rows that the manifest of their scope does not list. Before the first of them there is none.
pub(super) fn check(stored: &Stored, scope: Option<&[u8]>, state: &HmacSha256) -> Result<(), VaultError> {
    let members = members(stored, scope);
    let intact = match find(stored, scope) {
        Some(manifest) => manifest.lists(state, &members),
        None => members.is_empty(),
    };
    if intact { Ok(()) } else { Err(VaultError::RowsReplaced) }
}

/// The change that makes the manifest of `scope` list the rows of `after` in place of those of `before`, if they differ.
/// `context` names the row if it is new.
pub(super) fn change(
    before: &Stored,
    after: &Stored,
    scope: Option<&[u8]>,
    state: &HmacSha256,
    context: impl FnOnce() -> Result<KeyContext, VaultError>,
) -> Result<Option<Change>, VaultError> {
    let listed = members(after, scope);
    Ok(match find(before, scope) {
        Some(manifest) if manifest.lists(state, &listed) => None,
        Some(manifest) => {
            let row = manifest.clone().list(state, &listed);
            Some(Change::ReplaceKey { old_mac: manifest.mac, row })
        }
        None if listed.is_empty() => None,
        None => Some(Change::InsertKey(KeyRow::empty(context()?).list(state, &listed))),
    })
}

fn find<'a>(stored: &'a Stored, scope: Option<&[u8]>) -> Option<&'a KeyRow> {
    let is_it = |row: &&KeyRow| row.context.purpose == Purpose::Manifest && row.context.scope.as_deref() == scope;
    stored.keys.iter().find(is_it)
}

/// The MACs of the rows that belong to `scope`, in order. The registry belongs to no scope.
fn members(stored: &Stored, scope: Option<&[u8]>) -> Vec<[u8; 32]> {
    let belongs = |row: &&KeyRow| row.context.purpose != Purpose::Manifest && row.context.scope.as_deref() == scope;
    let keys = stored.keys.iter().filter(belongs).map(|row| row.mac);
    let fields = stored.fields.iter().filter(|_| scope.is_none()).map(|row| row.mac);
    let audit = stored.audit.iter().filter(|row| row.scope.as_deref() == scope).map(|row| row.mac);
    let mut members: Vec<[u8; 32]> = keys.chain(fields).chain(audit).collect();
    members.sort_unstable();
    members
}
