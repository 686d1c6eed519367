//! Opening a vault, one step at a time: look at the rows, and either say what to write or give the vault.
//!
//! Nothing here reads or writes. A key is used only once a later step has found it committed, so two processes that open
//! an empty database at once agree: one writes first, the other finds its keys.

use super::{
    Change, KeyStore, Stored, Vault, VaultError,
    authentic::{active, authentic_field, authenticate},
    manifest,
    missing::no_value_key_is_lost,
    registry,
    store::apply_one,
};
use crate::{
    Field, Index,
    keys::{HmacSha256, IndexSpec, KeyContext, KeyRow, KeyState, Purpose, RootKeyError, RootKeys},
    random,
};

/// What is being opened.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) root_keys: RootKeys,
    pub(super) application: String,
    pub(super) scope: Option<Vec<u8>>,
    pub(super) fields: Vec<&'static Field>,
    pub(super) minimums: Vec<(Purpose, String, u32)>,
    pub(super) existing_keys_only: bool,
}

/// What comes next.
pub(super) enum Step {
    /// Write these, and look again.
    Write(Vec<Change>),
    /// The vault.
    Opened(Vault),
}

impl Start {
    pub(super) fn new(root_keys: RootKeys) -> Self {
        Self {
            root_keys,
            application: "default".to_owned(),
            scope: None,
            fields: Vec::new(),
            minimums: Vec::new(),
            existing_keys_only: false,
        }
    }

    /// What can be refused before anything is read.
    pub(super) fn check(&self) -> Result<(), VaultError> {
        let column = |field: &Field| format!("{}.{}", field.table, field.column);
        for field in &self.fields {
            let mut names: Vec<&str> = field.indexes.iter().map(Index::name).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            if names.len() < count {
                return Err(VaultError::DuplicateIndex { field: field.id().to_owned() });
            }
        }
        for (i, first) in self.fields.iter().enumerate() {
            for second in self.fields.iter().skip(i + 1) {
                if column(first) == column(second) {
                    return Err(VaultError::DuplicateColumn { column: column(first) });
                }
                if first.id() == second.id() {
                    return Err(VaultError::DuplicateField {
                        id: first.id().to_owned(),
                        first: column(first),
                        second: column(second),
                    });
                }
            }
        }
        Ok(())
    }

    /// One step over the rows as they are.
    pub(super) fn step(&self, stored: &Stored, store: &mut dyn KeyStore) -> Result<Step, VaultError> {
        let Some(state_row) = active(&stored.keys, Purpose::State, "", None) else {
            if !stored.keys.is_empty() || !stored.fields.is_empty() {
                return Err(VaultError::NoStateKey);
            }
            self.fields.iter().try_for_each(|field| no_value_key_is_lost(field, None, store))?;
            self.check_minimums(&[])?;
            return self.first_rows();
        };
        // The state key authenticates every other row, and nothing of them is believed before.
        self.check_application(state_row)?;
        let state = self.unwrap(state_row)?.state_mac();
        authenticate(stored, &state)?;
        manifest::check(stored, None, &state)?;
        manifest::check(stored, self.scope.as_deref(), &state)?;
        for row in stored.keys.iter().filter(|row| row.context.purpose != Purpose::Manifest) {
            self.check_application(row)?;
            if row.state != KeyState::Destroyed {
                self.root_key(row)?;
            }
        }
        self.check_minimums(&stored.keys)?;

        let mut changes = Vec::new();
        for field in &self.fields {
            let columns = registry::changes(field, &stored.fields, &stored.keys, store)?;
            changes.extend(columns.into_iter().map(|change| authentic_field(change, &state)));
            self.missing_keys(field, &stored.keys, &state, store, &mut changes)?;
        }
        if changes.is_empty() {
            self.vault(&stored.keys).map(Step::Opened)
        } else {
            self.write(stored, changes, &state)
        }
    }

    /// Changes, and the manifests that list what is there after them.
    fn write(&self, stored: &Stored, mut changes: Vec<Change>, state: &HmacSha256) -> Result<Step, VaultError> {
        let mut after = stored.clone();
        for change in &changes {
            match change {
                Change::InsertKey(row) if self.existing_keys_only => {
                    let (purpose, name) = (row.context.purpose, row.context.name.clone());
                    return Err(VaultError::KeyMissing { purpose, name });
                }
                // A conflict is found again by the store.
                change => drop(apply_one(&mut after, change)),
            }
        }
        let mut scopes = vec![None];
        scopes.extend(self.scope.as_deref().map(Some));
        for scope in scopes {
            let context = || self.context(Purpose::Manifest, "", 1, scope);
            changes.extend(manifest::change(stored, &after, scope, state, context)?);
        }
        Ok(Step::Write(changes))
    }

    fn check_application(&self, row: &KeyRow) -> Result<(), VaultError> {
        if row.context.application == self.application {
            return Ok(());
        }
        Err(VaultError::OtherApplication { expected: self.application.clone(), found: row.context.application.clone() })
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

    /// The state key authenticates its own row.
    fn first_rows(&self) -> Result<Step, VaultError> {
        let context = self.context(Purpose::State, "", 1, None)?;
        let (key, row) = KeyRow::generate(context, KeyState::Active, None, self.root_keys.active())?;
        let state = key.state_mac();
        self.write(&Stored::default(), vec![Change::InsertKey(row.authenticate(&state))], &state)
    }

    /// The next key of a name, active.
    pub(super) fn new_key(
        &self,
        purpose: Purpose,
        name: &str,
        version: u32,
        index: Option<IndexSpec>,
        state: &HmacSha256,
    ) -> Result<Change, VaultError> {
        let context = self.context(purpose, name, version, self.scope.as_deref())?;
        let (_, row) = KeyRow::generate(context, KeyState::Active, index, self.root_keys.active())?;
        Ok(Change::InsertKey(row.authenticate(state)))
    }

    /// A pinned key must be there: a database without it was emptied.
    fn check_minimums(&self, keys: &[KeyRow]) -> Result<(), VaultError> {
        for (purpose, name, minimum) in &self.minimums {
            let scope = if *purpose == Purpose::State { None } else { self.scope.as_deref() };
            let found = active(keys, *purpose, name, scope).map_or(0, |row| row.context.version);
            if found < *minimum {
                return Err(VaultError::RolledBack { purpose: *purpose, name: name.clone(), minimum: *minimum, found });
            }
        }
        Ok(())
    }
}
