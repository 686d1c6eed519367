//! Opening a vault, one step at a time: look at the rows, and either say what to write or give the vault.
//!
//! Nothing here reads or writes. A key is used only once a later step has found it committed, so two processes that open
//! an empty database at once agree: one writes first, the other finds its keys.

use super::{
    Change, Inner, KeyStore, Stored, Vault, VaultError, VaultId,
    keyring::{FieldKeys, IndexKeys, ValueKey},
    manifest, registry,
    store::apply_one,
};
use crate::{
    Field, Index, Normalizer,
    index::Generation,
    keys::{
        DataKey, HmacSha256, IndexSpec, KeyContext, KeyRow, KeyState, Purpose, RegistryRow, RootKey, RootKeyError,
        RootKeys, RowKind,
    },
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

    /// The root key that wraps this row, its fingerprint compared.
    fn root_key(&self, row: &KeyRow) -> Result<&dyn RootKey, VaultError> {
        let root = self.root_keys.get(&row.root_id).ok_or_else(|| VaultError::UnknownRootKey {
            id: row.root_id.clone(),
            fingerprint: row.root_fingerprint.to_string(),
            configured: self.root_keys.describe(),
        })?;
        if root.fingerprint() != row.root_fingerprint {
            return Err(VaultError::WrongRootKey {
                id: row.root_id.clone(),
                expected: row.root_fingerprint.to_string(),
                found: root.fingerprint().to_string(),
            });
        }
        Ok(root)
    }

    fn unwrap(&self, row: &KeyRow) -> Result<DataKey, VaultError> {
        let root = self.root_key(row)?;
        DataKey::unwrap(row.context.clone(), root, &row.wrapped, &row.check).map_err(|error| match error {
            // The root key is the right one: its fingerprint was compared.
            RootKeyError::Unwrap { .. } => altered(row),
            error => error.into(),
        })
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
    fn new_key(
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

    /// Adds what keys `field` still needs.
    fn missing_keys(
        &self,
        field: &'static Field,
        keys: &[KeyRow],
        state: &HmacSha256,
        store: &mut dyn KeyStore,
        changes: &mut Vec<Change>,
    ) -> Result<(), VaultError> {
        let scope = self.scope.as_deref();
        if active(keys, Purpose::Encrypt, field.id(), scope).is_none() {
            none_active_needs_none(keys, Purpose::Encrypt, field.id(), scope)?;
            no_value_key_is_lost(field, Some(state), store)?;
            changes.push(self.new_key(Purpose::Encrypt, field.id(), 1, None, state)?);
        }
        for index in field.indexes.iter().filter(|index| !index.removed) {
            let domain = registry::domain(field, index);
            let wanted = registry::index_spec(index);
            let planned = changes.iter().find_map(|change| match change {
                Change::InsertKey(row) if row.context.purpose == Purpose::Index && row.context.name == domain => {
                    Some(row)
                }
                _ => None,
            });
            let known = planned.or_else(|| active(keys, Purpose::Index, &domain, scope));
            match known.map(|row| (row, row.index.as_ref())) {
                None => {
                    none_active_needs_none(keys, Purpose::Index, &domain, scope)?;
                    changes.push(self.new_key(Purpose::Index, &domain, 1, Some(wanted), state)?);
                }
                Some((_, Some(made))) if same_tags(made, &wanted) => warn_of_unicode(field, index, made, &wanted),
                Some((_, made)) if index.domain.is_some() => {
                    return Err(VaultError::DomainMismatch {
                        field: field.id().to_owned(),
                        index: index.name.to_owned(),
                        domain: domain.clone(),
                        registered: made.map(describe).unwrap_or_default(),
                        declared: describe(&wanted),
                    });
                }
                Some((_, made)) if registry::holds_values(field, store)? => {
                    return Err(VaultError::FieldChanged {
                        field: field.id().to_owned(),
                        what: "blind index",
                        registered: format!("`{}` with {}", index.name, made.map(describe).unwrap_or_default()),
                        declared: describe(&wanted),
                        advice: "Change it back, or append an index of another name: the stored tags were made the old way",
                    });
                }
                Some((row, made)) => {
                    // No value carries a tag yet, or only those that other processes are writing: the generation retires,
                    // and is still searched for if this program knows how.
                    let retired = row.state.advance(KeyState::Retired)?;
                    let known = made.is_some_and(|spec| steps(spec, index).is_ok());
                    let old = match known {
                        true => KeyRow { state: retired, ..row.clone() },
                        false => {
                            let state = retired.advance(KeyState::Destroyed)?;
                            KeyRow { state, wrapped: Vec::new(), ..row.clone() }
                        }
                    };
                    let next = row.context.version.saturating_add(1);
                    changes.push(Change::ReplaceKey { old_mac: row.mac, row: old.authenticate(state) });
                    changes.push(self.new_key(Purpose::Index, &domain, next, Some(wanted), state)?);
                }
            }
        }
        Ok(())
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

    /// Unwraps everything the fields need.
    fn vault(&self, rows: &[KeyRow]) -> Result<Vault, VaultError> {
        let mut fields: Vec<Option<FieldKeys>> = Vec::new();
        for field in &self.fields {
            let keys = self.field_keys(field, rows)?;
            let place = field.place();
            if fields.len() <= place {
                fields.resize_with(place + 1, || None);
            }
            if let Some(slot) = fields.get_mut(place) {
                *slot = Some(keys);
            }
        }
        Ok(Vault(std::sync::Arc::new(Inner {
            id: VaultId::next(),
            application: self.application.clone(),
            scope: self.scope.clone(),
            fields,
        })))
    }

    fn field_keys(&self, field: &'static Field, rows: &[KeyRow]) -> Result<FieldKeys, VaultError> {
        let scope = self.scope.as_deref();
        let mut keys = Vec::new();
        for row in named(rows, Purpose::Encrypt, field.id(), scope) {
            let key = if row.state == KeyState::Destroyed { None } else { Some(self.unwrap(row)?) };
            keys.push(ValueKey::new(row.context.key_id, row.state, key));
        }
        keys.sort_by_key(|key| key.state != KeyState::Active);

        let mut indexes = Vec::new();
        for index in field.indexes {
            let domain = registry::domain(field, index);
            let mut live: Vec<&KeyRow> = named(rows, Purpose::Index, &domain, scope)
                .filter(|row| row.state != KeyState::Destroyed && !index.removed)
                .collect();
            live.sort_by_key(|row| row.state != KeyState::Active);
            // A buffer that was outgrown would leave the keys of its generations behind.
            let mut generations = Vec::with_capacity(live.len());
            for row in live {
                generations.push(self.generation(field, index, row)?);
            }
            indexes.push(IndexKeys { generations });
        }
        Ok(FieldKeys { field, keys, indexes })
    }

    fn generation(&self, field: &'static Field, index: &Index, row: &KeyRow) -> Result<Generation, VaultError> {
        let spec = row.index.as_ref().ok_or_else(|| altered(row))?;
        let steps = steps(spec, index).map_err(|normalizer| VaultError::UnknownNormalizer {
            field: field.id().to_owned(),
            index: index.name.to_owned(),
            normalizer: normalizer.to_owned(),
        })?;
        Ok(Generation::new(&self.unwrap(row)?, steps, spec.bits))
    }
}

/// The steps of a generation, or the name of one that this program does not have.
fn steps<'a>(spec: &'a IndexSpec, index: &Index) -> Result<Vec<Normalizer>, &'a str> {
    let step = |name: &'a String| Normalizer::named(name, index.normalize).ok_or(name.as_str());
    spec.normalize.iter().map(step).collect()
}

fn named<'a>(
    rows: &'a [KeyRow],
    purpose: Purpose,
    name: &'a str,
    scope: Option<&'a [u8]>,
) -> impl Iterator<Item = &'a KeyRow> {
    rows.iter().filter(move |row| {
        row.context.purpose == purpose && row.context.name == name && row.context.scope.as_deref() == scope
    })
}

fn active<'a>(rows: &'a [KeyRow], purpose: Purpose, name: &'a str, scope: Option<&'a [u8]>) -> Option<&'a KeyRow> {
    named(rows, purpose, name, scope).find(|row| row.state == KeyState::Active)
}

/// A first key is made only where there never was one: else one that values need has been lost.
fn none_active_needs_none(
    rows: &[KeyRow],
    purpose: Purpose,
    name: &str,
    scope: Option<&[u8]>,
) -> Result<(), VaultError> {
    match named(rows, purpose, name, scope).next() {
        None => Ok(()),
        Some(_) => Err(VaultError::NoActiveKey { purpose, name: name.to_owned() }),
    }
}

/// The same, where the row itself was deleted: a column's values tell which key made them.
fn no_value_key_is_lost(
    field: &'static Field,
    state: Option<&HmacSha256>,
    store: &mut dyn KeyStore,
) -> Result<(), VaultError> {
    let Some(key_id) = registry::sealing_key(field, store)? else { return Ok(()) };
    match store.key(key_id)? {
        // Of another scope, or made by another process in between.
        Some(row) if state.is_none_or(|state| row.is_authentic(state)) => Ok(()),
        Some(row) => Err(altered(&row)),
        None => Err(VaultError::KeyLost { field: field.id().to_owned(), key: format!("encrypt key {key_id:08x}") }),
    }
}

/// Every row's MAC; and that no key is active beside a later one that was.
fn authenticate(stored: &Stored, state: &HmacSha256) -> Result<(), VaultError> {
    for row in &stored.keys {
        let overtaken = row.state == KeyState::Active
            && named(&stored.keys, row.context.purpose, &row.context.name, row.context.scope.as_deref())
                .any(|other| other.state > KeyState::Pending && other.context.version > row.context.version);
        // Manifests are held against what they list.
        if row.context.purpose != Purpose::Manifest && (overtaken || !row.is_authentic(state)) {
            return Err(altered(row));
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

fn authentic_field(change: Change, state: &HmacSha256) -> Change {
    let sign = |row: RegistryRow| row.authenticate(state);
    match change {
        Change::InsertField(row) => Change::InsertField(sign(row)),
        Change::ReplaceField { old_mac, row } => Change::ReplaceField { old_mac, row: sign(row) },
        other => other,
    }
}

fn altered(row: &KeyRow) -> VaultError {
    VaultError::RowAltered { kind: RowKind::Key, row: describe_key(row) }
}

fn describe_key(row: &KeyRow) -> String {
    let context = &row.context;
    format!("{} key {:08x} of `{}`, version {}", context.purpose, context.key_id, context.name, context.version)
}

fn describe(spec: &IndexSpec) -> String {
    format!("normaliser [{}] and {} bits", spec.normalize.join(", "), spec.bits)
}

/// Another version of Unicode changes few tags, so it is a warning and not an error.
fn same_tags(made: &IndexSpec, wanted: &IndexSpec) -> bool {
    (&made.normalize, made.bits) == (&wanted.normalize, wanted.bits)
}

fn warn_of_unicode(field: &Field, index: &Index, made: &IndexSpec, wanted: &IndexSpec) {
    if made.unicode != wanted.unicode {
        tracing::warn!(
            field = field.id(),
            index = index.name,
            made = made.unicode,
            now = wanted.unicode,
            "tags were made by another version of Unicode: reindex this column, or a few values may not be found"
        );
    }
}
