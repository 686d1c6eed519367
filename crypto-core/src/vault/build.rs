//! From rows to a vault: every key that the fields need, unwrapped. The rows are authentic by then.

use std::sync::{Arc, OnceLock};

use super::{
    Inner, Vault, VaultError, VaultId,
    authentic::{altered, named},
    keyring::{FieldKeys, IndexKeys, ValueKey},
    registry,
    start::Start,
    versions::Versions,
};
use crate::{
    Field, Index, Normalizer,
    index::{BITS_MAX, Generation},
    keys::{DataKey, IndexSpec, KeyRow, KeyState, Purpose, RootKey, RootKeyError},
};

impl Start {
    /// Unwraps everything the fields need.
    pub(super) fn vault(&self, rows: &[KeyRow], registered: &[&'static Field]) -> Result<Vault, VaultError> {
        let mut fields: Vec<Option<Versions>> = Vec::new();
        for field in self.fields.iter().chain(registered) {
            let keys = self.field_keys(field, rows)?;
            let place = field.place();
            if fields.len() <= place {
                fields.resize_with(place + 1, || None);
            }
            if let Some(slot) = fields.get_mut(place) {
                *slot = Some(Versions::new(keys));
            }
        }
        Ok(Vault(Arc::new(Inner {
            id: VaultId::next(),
            application: self.application.clone(),
            scope: self.scope.clone(),
            held: false,
            fields,
            #[cfg(feature = "users")]
            authority: self.authority(rows)?,
            refresh: OnceLock::new(),
        })))
    }

    /// Every key of the field and of its indexes, and its state.
    pub(super) fn seen(&self, field: &'static Field, rows: &[KeyRow]) -> Vec<(u32, KeyState)> {
        let domains: Vec<_> = field.own_indexes().iter().map(|index| registry::domain(field, index)).collect();
        let of_field = |row: &&KeyRow| match row.context.purpose {
            Purpose::Encrypt => row.context.name == field.id(),
            Purpose::Index => domains.contains(&row.context.name),
            _ => false,
        };
        let in_scope = rows.iter().filter(|row| row.context.scope == self.scope);
        let mut seen: Vec<_> = in_scope.filter(of_field).map(|row| (row.context.key_id, row.state)).collect();
        seen.sort_unstable();
        seen
    }

    pub(super) fn field_keys(&self, field: &'static Field, rows: &[KeyRow]) -> Result<FieldKeys, VaultError> {
        let scope = self.scope.as_deref();
        let mut keys = Vec::new();
        for row in named(rows, Purpose::Encrypt, field.id(), scope) {
            let key = if row.state == KeyState::Destroyed { None } else { Some(self.unwrap(row)?) };
            keys.push(ValueKey::new(row.context.key_id, row.state, key));
        }
        keys.sort_by_key(|key| key.state != KeyState::Active);

        let mut indexes = Vec::new();
        for index in field.own_indexes() {
            let domain = registry::domain(field, index);
            let mut live: Vec<&KeyRow> = named(rows, Purpose::Index, &domain, scope)
                .filter(|row| row.state != KeyState::Destroyed && !index.removed)
                .collect();
            live.sort_by_key(|row| row.state != KeyState::Active);
            // A buffer that was outgrown would leave the keys of its generations behind.
            let mut generations = Vec::with_capacity(live.len());
            for row in live {
                generations.extend(self.generation(field, index, row)?);
            }
            indexes.push(IndexKeys { generations });
        }
        Ok(FieldKeys { field, keys, indexes, user_key: false, seen: self.seen(field, rows) })
    }

    /// One generation. `None` if it is still to come and this program cannot make its tags: no value has them yet.
    fn generation(&self, field: &'static Field, index: &Index, row: &KeyRow) -> Result<Option<Generation>, VaultError> {
        let spec = row.index.as_ref().ok_or_else(|| altered(row))?;
        let steps = match served(spec, index) {
            Ok(steps) => Ok(steps),
            Err(unserved) if row.state == KeyState::Pending => {
                let error = unserved.of(field, index);
                tracing::warn!(%error, "a generation is pending that this program cannot search for");
                return Ok(None);
            }
            // Without the model, what needs no tag can still be done.
            Err(Unserved::Normalizer(name)) if !self.declares(field) => Err(name.to_owned()),
            Err(Unserved::Truncated(_)) if !self.declares(field) => steps(spec, index).map_err(str::to_owned),
            Err(unserved) => return Err(unserved.of(field, index)),
        };
        if row.state == KeyState::Active {
            warn_of_unicode(field, index, spec);
        }
        Ok(Some(Generation::new(&self.unwrap(row)?, steps, spec.bits)))
    }

    /// Whether a model declares the field, and not the registry alone.
    fn declares(&self, field: &'static Field) -> bool {
        self.fields.iter().any(|declared| std::ptr::eq(*declared, field))
    }

    /// The root key that wraps this row, its fingerprint compared.
    pub(super) fn root_key(&self, row: &KeyRow) -> Result<&dyn RootKey, VaultError> {
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

    pub(super) fn unwrap(&self, row: &KeyRow) -> Result<DataKey, VaultError> {
        let root = self.root_key(row)?;
        DataKey::unwrap(row.context.clone(), root, &row.wrapped, &row.check).map_err(|error| match error {
            // The root key is the right one: its fingerprint was compared.
            RootKeyError::Unwrap { .. } => altered(row),
            error => error.into(),
        })
    }
}

/// Why a program cannot search for the tags of a generation.
pub(super) enum Unserved<'a> {
    /// It does not have this step.
    Normalizer(&'a str),
    /// Different values share its tags, and the model does not compare them after opening.
    Truncated(u8),
}

impl Unserved<'_> {
    fn of(&self, field: &Field, index: &Index) -> VaultError {
        let (field, index) = (field.id().to_owned(), index.name.to_owned());
        match *self {
            Self::Normalizer(name) => VaultError::UnknownNormalizer { field, index, normalizer: name.to_owned() },
            Self::Truncated(bits) => VaultError::TruncatedTags { field, index, bits },
        }
    }
}

/// The steps of a generation, if this program can search for its tags.
pub(super) fn served<'a>(spec: &'a IndexSpec, index: &Index) -> Result<Vec<Normalizer>, Unserved<'a>> {
    if spec.bits < BITS_MAX && index.bits == BITS_MAX {
        return Err(Unserved::Truncated(spec.bits));
    }
    steps(spec, index).map_err(Unserved::Normalizer)
}

/// The steps of a generation, or the name of one that this program does not have.
fn steps<'a>(spec: &'a IndexSpec, index: &Index) -> Result<Vec<Normalizer>, &'a str> {
    let step = |name: &'a String| Normalizer::named(name, index.normalize).ok_or(name.as_str());
    spec.normalize.iter().map(step).collect()
}

/// Another version of Unicode changes few tags, so it is a warning and not an error.
fn warn_of_unicode(field: &Field, index: &Index, made: &IndexSpec) {
    let now = registry::index_spec(index).unicode;
    if made.unicode != now {
        tracing::warn!(
            field = field.id(),
            index = index.name,
            made = made.unicode,
            now,
            "tags were made by another version of Unicode: reindex this column, or a few values may not be found"
        );
    }
}
