//! Which of the stored rows can be believed, and finding one of them.
//!
//! A row that was altered is refused, never repaired: who can write to the database decides nothing.

use std::collections::BTreeSet;

use super::{Stored, VaultError};
use crate::keys::{HmacSha256, KeyRow, KeyState, Purpose, RowKind};

/// Every row's MAC; and that no key is active beside a later one that was.
pub(super) fn authenticate(stored: &Stored, state: &HmacSha256) -> Result<(), VaultError> {
    for row in &stored.keys {
        let overtaken = row.state == KeyState::Active
            && named(&stored.keys, row.context.purpose, &row.context.name, row.context.scope.as_deref())
                .any(|other| overtakes(other.state) && other.context.version > row.context.version);
        // Manifests are held against what they list.
        if row.context.purpose != Purpose::Manifest && (overtaken || !row.is_authentic(state)) {
            return Err(altered(row));
        }
    }
    for row in &stored.audit {
        if !row.is_authentic(state) {
            let row = format!("event {} of key {:08x}", row.sequence, row.key_id);
            return Err(VaultError::RowAltered { kind: RowKind::Audit, row });
        }
    }
    for row in &stored.fields {
        if !row.is_authentic(state) {
            let row = format!("field `{}`, column `{}.{}`", row.field_id, row.table, row.column);
            return Err(VaultError::RowAltered { kind: RowKind::Field, row });
        }
    }
    Ok(())
}

/// Whether a key in this state was active, as far as it tells: a pending one may be destroyed before it ever is.
fn overtakes(state: KeyState) -> bool {
    matches!(state, KeyState::Active | KeyState::Retired)
}

/// The scopes that have rows, and none.
pub(super) fn scopes(stored: &Stored) -> BTreeSet<Option<&[u8]>> {
    let of_keys = stored.keys.iter().map(|row| row.context.scope.as_deref());
    of_keys.chain(stored.audit.iter().map(|row| row.scope.as_deref())).chain([None]).collect()
}

pub(super) fn altered(row: &KeyRow) -> VaultError {
    VaultError::RowAltered { kind: RowKind::Key, row: describe_key(row) }
}

fn describe_key(row: &KeyRow) -> String {
    let context = &row.context;
    format!("{} key {:08x} of `{}`, version {}", context.purpose, context.key_id, context.name, context.version)
}

pub(super) fn named<'a>(
    rows: &'a [KeyRow],
    purpose: Purpose,
    name: &'a str,
    scope: Option<&'a [u8]>,
) -> impl Iterator<Item = &'a KeyRow> {
    rows.iter().filter(move |row| {
        row.context.purpose == purpose && row.context.name == name && row.context.scope.as_deref() == scope
    })
}

pub(super) fn active<'a>(
    rows: &'a [KeyRow],
    purpose: Purpose,
    name: &'a str,
    scope: Option<&'a [u8]>,
) -> Option<&'a KeyRow> {
    named(rows, purpose, name, scope).find(|row| row.state == KeyState::Active)
}
