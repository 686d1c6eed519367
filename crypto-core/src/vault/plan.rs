//! What is to be written. It is decided first, for every field, and then made: keys drawn and wrapped, rows signed. So a
//! decision that has to be taken again, because the store had to be asked, costs no key.

use super::{
    Change, Stored, VaultError,
    facts::{Facts, Halt},
    manifest, registry,
    start::Start,
    store::apply_one,
};
use crate::{
    Field,
    keys::{HmacSha256, IndexSpec, KeyContext, KeyRow, KeyState, Purpose, RegistryRow, RootKeyError},
    random,
};

/// A change that is decided, and neither made nor signed.
pub(super) enum Planned {
    /// A new active key.
    NewKey {
        purpose: Purpose,
        name: String,
        version: u32,
        index: Option<IndexSpec>,
    },
    /// The row in place of the one with this MAC.
    ReplaceKey {
        old_mac: [u8; 32],
        row: KeyRow,
    },
    InsertField(RegistryRow),
    ReplaceField {
        old_mac: [u8; 32],
        row: RegistryRow,
    },
    RemoveField {
        row: RegistryRow,
    },
}

impl Planned {
    pub(super) fn key(purpose: Purpose, name: &str, version: u32, index: Option<IndexSpec>) -> Self {
        Self::NewKey { purpose, name: name.to_owned(), version, index }
    }

    /// How the tags of this domain will be made, if this is its key.
    pub(super) fn spec_of(&self, domain: &str) -> Option<Option<&IndexSpec>> {
        match self {
            Self::NewKey { purpose: Purpose::Index, name, index, .. } if name == domain => Some(index.as_ref()),
            _ => None,
        }
    }
}

impl Start {
    /// What `field` needs, beside what is `planned` for other fields already.
    pub(super) fn plan(
        &self,
        field: &'static Field,
        stored: &Stored,
        state: &HmacSha256,
        planned: &[Planned],
        facts: &Facts,
    ) -> Result<Vec<Planned>, Halt> {
        let mut changes = registry::changes(field, &stored.fields, &stored.keys, facts)?;
        changes.extend(self.missing_keys(field, &stored.keys, state, planned, facts)?);
        Ok(changes)
    }

    /// The state key authenticates its own row.
    pub(super) fn first_rows(&self) -> Result<Vec<Change>, VaultError> {
        if self.existing_keys_only {
            return Err(VaultError::KeyMissing { purpose: Purpose::State, name: String::new() });
        }
        let context = self.context(Purpose::State, "", 1, None)?;
        let (key, row) = KeyRow::generate(context, KeyState::Active, None, self.root_keys.active())?;
        let state = key.state_mac();
        self.with_manifests(&Stored::default(), vec![Change::InsertKey(row.authenticate(&state))], &state)
    }

    /// The changes that were planned.
    pub(super) fn write(
        &self,
        stored: &Stored,
        planned: &[Planned],
        state: &HmacSha256,
    ) -> Result<Vec<Change>, VaultError> {
        let changes = planned.iter().map(|plan| self.make(plan, state)).collect::<Result<_, _>>()?;
        self.with_manifests(stored, changes, state)
    }

    fn make(&self, planned: &Planned, state: &HmacSha256) -> Result<Change, VaultError> {
        Ok(match planned {
            Planned::NewKey { purpose, name, .. } if self.existing_keys_only => {
                return Err(VaultError::KeyMissing { purpose: *purpose, name: name.clone() });
            }
            Planned::NewKey { purpose, name, version, index } => {
                let context = self.context(*purpose, name, *version, self.scope.as_deref())?;
                let (_, row) = KeyRow::generate(context, KeyState::Active, index.clone(), self.root_keys.active())?;
                Change::InsertKey(row.authenticate(state))
            }
            Planned::ReplaceKey { old_mac, row } => {
                Change::ReplaceKey { old_mac: *old_mac, row: row.clone().authenticate(state) }
            }
            Planned::InsertField(row) => Change::InsertField(row.clone().authenticate(state)),
            Planned::ReplaceField { old_mac, row } => {
                Change::ReplaceField { old_mac: *old_mac, row: row.clone().authenticate(state) }
            }
            Planned::RemoveField { row } => Change::RemoveField { row: row.clone() },
        })
    }

    /// Changes, and the manifests that list what is there after them.
    fn with_manifests(
        &self,
        stored: &Stored,
        mut changes: Vec<Change>,
        state: &HmacSha256,
    ) -> Result<Vec<Change>, VaultError> {
        let mut after = stored.clone();
        for change in &changes {
            // A conflict is found again by the store.
            drop(apply_one(&mut after, change));
        }
        let mut scopes = vec![None];
        scopes.extend(self.scope.as_deref().map(Some));
        for scope in scopes {
            let context = || self.context(Purpose::Manifest, "", 1, scope);
            changes.extend(manifest::change(stored, &after, scope, state, context)?);
        }
        Ok(changes)
    }

    fn context(
        &self,
        purpose: Purpose,
        name: &str,
        version: u32,
        scope: Option<&[u8]>,
    ) -> Result<KeyContext, VaultError> {
        let (application, name) = (self.application.clone(), name.to_owned());
        let key_id = random::id().map_err(RootKeyError::from)?;
        Ok(KeyContext { application, key_id, purpose, version, name, scope: scope.map(<[u8]>::to_vec) })
    }
}
