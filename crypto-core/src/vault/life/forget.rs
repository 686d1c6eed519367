//! Forgetting a field: it leaves the registry, so that nothing looks for its column any more.

use super::{KeyError, KeyInfo, KeyTask, KeyView};
use crate::{
    keys::{KeyRow, KeyState, Purpose},
    vault::{Change, registry::RegisteredIndex},
};

/// The task that takes a field out of the registry, once its column is dropped or holds no sealed value. Reports the keys
/// that no registered field has then, of every scope, but for those that are destroyed: retire and destroy them, if nothing
/// else holds values of theirs, such as a copy of the table.
///
/// It touches no value and no key. A field whose model still declares it is registered again when its vault is next opened.
#[derive(Clone, Debug)]
#[must_use = "a task does nothing until it is run"]
pub struct ForgetField {
    field: String,
    values: Option<u64>,
    forced: bool,
}

impl ForgetField {
    /// Forgets the field of this id: `patients.email`, unless its model pins another.
    pub fn new(field: impl Into<String>) -> Self {
        Self { field: field.into(), values: None, forced: false }
    }

    /// Says how many sealed values its column holds: none, if there is no such column any more.
    pub const fn counted(mut self, values: u64) -> Self {
        self.values = Some(values);
        self
    }

    /// Forgets it whatever its column holds, counted or not.
    pub const fn forced(mut self) -> Self {
        self.forced = true;
        self
    }
}

impl KeyTask for ForgetField {
    type Report = Vec<KeyInfo>;

    const EVERY_SCOPE: bool = true;

    fn decide(&self, view: &KeyView<'_>) -> Result<(Vec<Change>, Vec<KeyInfo>), KeyError> {
        let fields = &view.stored.fields;
        let row = fields.iter().find(|row| row.field_id == self.field).ok_or_else(|| KeyError::UnknownField {
            field: self.field.clone(),
            known: fields.iter().map(|row| row.field_id.clone()).collect(),
        })?;
        if !self.forced && self.values != Some(0) {
            return Err(KeyError::FieldHoldsValues { field: self.field.clone(), values: self.values });
        }
        let of_field = |key: &&KeyRow| match key.context.purpose {
            Purpose::Encrypt => key.context.name == self.field,
            Purpose::Index => {
                let uses = |indexes: &str| {
                    let indexes = serde_json::from_str::<Vec<RegisteredIndex>>(indexes).unwrap_or_default();
                    indexes.iter().any(|index| index.uses(&key.context.name))
                };
                uses(&row.indexes) && !fields.iter().any(|other| other.field_id != self.field && uses(&other.indexes))
            }
            _ => false,
        };
        let unused = view.stored.keys.iter().filter(|key| key.state != KeyState::Destroyed).filter(of_field);
        let mut unused: Vec<_> = unused.map(|key| KeyInfo::new(view, key)).collect();
        unused.sort_by(|a, b| (a.purpose, &a.name, a.version).cmp(&(b.purpose, &b.name, b.version)));
        Ok((vec![Change::RemoveField { row: row.clone() }], unused))
    }
}
