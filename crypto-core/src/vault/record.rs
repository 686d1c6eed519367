//! What the audit says of changes: an event for each key that is new, comes to another state, or is wrapped anew.

use super::{Change, Stored};
use crate::keys::{AuditRow, HmacSha256, KeyEvent, KeyRow, Purpose, Timestamp};

/// The rows that go with `changes`, in the same transaction.
pub(super) fn of(stored: &Stored, changes: &[Change], now: Timestamp, state: &HmacSha256) -> Vec<Change> {
    let events = changes.iter().filter_map(|change| match change {
        Change::InsertKey(row) => Some((row, row.state.into())),
        Change::ReplaceKey { row, .. } => Some((row, happened(stored, row))),
        _ => None,
    });
    let of_keys = events.filter(|(row, _)| row.context.purpose != Purpose::Manifest);
    of_keys.map(|(row, event)| Change::InsertAudit(event_of(stored, row, event, now).authenticate(state))).collect()
}

fn happened(stored: &Stored, row: &KeyRow) -> KeyEvent {
    let before = stored.keys.iter().find(|before| before.context.key_id == row.context.key_id);
    match before {
        Some(before) if before.state == row.state => KeyEvent::Rewrapped,
        _ => row.state.into(),
    }
}

/// The clock may have been set back: the events of a key stand in their order.
fn event_of(stored: &Stored, row: &KeyRow, event: KeyEvent, now: Timestamp) -> AuditRow {
    let key_id = row.context.key_id;
    let last = stored.audit.iter().filter(|earlier| earlier.key_id == key_id).max_by_key(|earlier| earlier.sequence);
    let sequence = last.map_or(0, |last| last.sequence).saturating_add(1);
    let at = last.map_or(now, |last| last.at.max(now));
    AuditRow::new(key_id, sequence, row.context.scope.clone(), event, at, row.root_id.clone())
}
