//! What is to be written. It is decided first, for every field, and then made: keys drawn and wrapped, rows signed. So a
//! decision that has to be taken again, because the store had to be asked, costs no key.

use super::{
    Change, Stored, VaultError,
    authentic::scopes,
    facts::{Facts, Halt},
    manifest,
    memory::apply_one,
    record, registry,
    start::Start,
};
use crate::{
    Field,
    keys::{HmacSha256, IndexSpec, KeyContext, KeyRow, KeyState, Purpose, RegistryRow, RootKeyError, Timestamp},
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
    pub(super) fn first_rows(&self, facts: &Facts) -> Result<Vec<Change>, Halt> {
        if self.existing_keys_only {
            return Err(VaultError::KeyMissing { purpose: Purpose::State, name: String::new() }.into());
        }
        let now = facts.now()?;
        let context = self.context(Purpose::State, "", 1, None)?;
        let (key, row) = KeyRow::generate(context, KeyState::Active, None, self.root_keys.active())?;
        let state = key.state_mac();
        let changes = vec![Change::InsertKey(row.authenticate(&state))];
        Ok(self.complete(&Stored::default(), changes, &state, now)?)
    }

    /// The changes that were planned.
    pub(super) fn write(
        &self,
        stored: &Stored,
        planned: &[Planned],
        state: &HmacSha256,
        facts: &Facts,
    ) -> Result<Vec<Change>, Halt> {
        let now = facts.now()?;
        let changes = planned.iter().map(|plan| self.make(plan, state)).collect::<Result<_, _>>()?;
        Ok(self.complete(stored, changes, state, now)?)
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

    /// Changes, the manifests that list what is there after them, and at last what the audit says of them: a store that has
    /// been kept waiting until then writes none of it.
    pub(super) fn complete(
        &self,
        stored: &Stored,
        mut changes: Vec<Change>,
        state: &HmacSha256,
        now: Timestamp,
    ) -> Result<Vec<Change>, VaultError> {
        let events = record::of(stored, &changes, now, state);
        let mut after = stored.clone();
        for change in changes.iter().chain(&events) {
            // A conflict is found again by the store.
            drop(apply_one(&mut after, change));
        }
        for scope in scopes(&after) {
            let context = || self.context(Purpose::Manifest, "", 1, scope);
            changes.extend(manifest::change(stored, &after, scope, state, context)?);
        }
        changes.extend(events);
        Ok(changes)
    }

    pub(super) fn context(
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
