//! Which keys a task is about.

use super::{KeyError, KeyView};
use crate::keys::{KeyRow, KeyState, Purpose};

/// The keys that a task is about, within the manager's scope.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySelection {
    /// Those of every field and every index, and the authority's.
    All,
    /// The data keys of every field.
    EveryField,
    /// The keys of every index.
    EveryIndex,
    /// The data keys of the field with this id: `patients.email`.
    Field(String),
    /// The keys of this index, as `encryption_keys` names it: `index:patients.email:default`, or `domain:contact`.
    Index(String),
    /// The keys of the authority, which vouches for the application's users.
    Users,
}

impl KeySelection {
    fn matches(&self, row: &KeyRow) -> bool {
        let (purpose, name) = (row.context.purpose, &row.context.name);
        match self {
            Self::All => true,
            Self::EveryField => purpose == Purpose::Encrypt,
            Self::EveryIndex => purpose == Purpose::Index,
            Self::Field(field) => purpose == Purpose::Encrypt && name == field,
            Self::Index(index) => purpose == Purpose::Index && name == index,
            Self::Users => purpose == Purpose::Users,
        }
    }

    /// The selected keys in this state. An error if there are none of any.
    pub(super) fn keys<'m>(&self, view: &KeyView<'m>, state: KeyState) -> Result<Vec<&'m KeyRow>, KeyError> {
        let selected: Vec<_> = view.keys().filter(|row| self.matches(row)).collect();
        if selected.is_empty() {
            let name = |row: &KeyRow| match row.context.purpose {
                Purpose::Users => Purpose::Users.to_string(),
                _ => row.context.name.clone(),
            };
            let mut known: Vec<_> = view.keys().map(name).collect();
            known.sort_unstable();
            known.dedup();
            return Err(KeyError::NothingSelected { selection: self.clone(), known });
        }
        Ok(selected.into_iter().filter(|row| row.state == state).collect())
    }
}
