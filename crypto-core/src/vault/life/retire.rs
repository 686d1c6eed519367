//! Retiring a key that has no successor: that of a field or an index which no model has any more.

use super::{KeyError, KeyInfo, KeyTask, KeyView};
use crate::{
    keys::{KeyRow, KeyState, Purpose},
    vault::{Change, registry::RegisteredIndex},
};

/// The task that retires the active key of a field that is not registered any more, or of an index that was removed from
/// every model. Reports the key.
///
/// A field in use needs an active key, and so does the authority: there, activating a new one retires the old one.
#[derive(Clone, Copy, Debug)]
#[must_use = "a task does nothing until it is run"]
pub struct RetireKey {
    key_id: u32,
}

impl RetireKey {
    /// Retires this key.
    pub const fn new(key_id: u32) -> Self {
        Self { key_id }
    }
}

impl KeyTask for RetireKey {
    type Report = KeyInfo;

    fn decide(&self, view: &KeyView<'_>) -> Result<(Vec<Change>, KeyInfo), KeyError> {
        let row = view.key(self.key_id)?;
        if row.state == KeyState::Pending {
            let key_id = self.key_id;
            let source = crate::keys::StateError { from: row.state, to: KeyState::Retired };
            return Err(KeyError::State { key_id, source });
        }
        if let Some(field) = user(view, row) {
            return Err(KeyError::InUse { key_id: self.key_id, field });
        }
        Ok((vec![view.advance(row, KeyState::Retired)?], KeyInfo::coming_to(view, row, KeyState::Retired)))
    }
}

/// What needs this key's name, if something does: a registered field, or users.
fn user(view: &KeyView<'_>, key: &KeyRow) -> Option<String> {
    let name = &key.context.name;
    if key.context.purpose == Purpose::Users {
        return Some("the users' records".to_owned());
    }
    let uses = |indexes: &str| match serde_json::from_str::<Vec<RegisteredIndex>>(indexes) {
        Ok(indexes) => indexes.iter().any(|index| index.uses(name)),
        // Of a newer version of this crate: taken to use it.
        Err(_) => true,
    };
    let field = view.stored.fields.iter().find(|field| match key.context.purpose {
        Purpose::Encrypt => field.field_id == *name,
        _ => uses(&field.indexes),
    });
    field.map(|field| field.field_id.clone())
}
