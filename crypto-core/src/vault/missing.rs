//! The keys that a field still needs, and what has to be true before one is made.
//!
//! A key that was lost is never replaced by a new one: the values that it sealed would be lost with it.

use super::{
    VaultError,
    authentic::{active, altered, named},
    build::served,
    facts::{Facts, Halt},
    plan::Planned,
    registry,
    start::Start,
};
use crate::{
    Field,
    keys::{HmacSha256, IndexSpec, KeyRow, KeyState, Purpose},
};

impl Start {
    /// The keys that `field` still needs, beside what is `planned` for other fields already.
    pub(super) fn missing_keys(
        &self,
        field: &'static Field,
        keys: &[KeyRow],
        state: &HmacSha256,
        planned: &[Planned],
        facts: &Facts,
    ) -> Result<Vec<Planned>, Halt> {
        let scope = self.scope.as_deref();
        let mut missing = Vec::new();
        if active(keys, Purpose::Encrypt, field.id(), scope).is_none() {
            none_active_needs_none(keys, Purpose::Encrypt, field.id(), scope)?;
            no_value_key_is_lost(field, Some(state), facts)?;
            missing.push(Planned::key(Purpose::Encrypt, field.id(), 1, None));
        }
        for index in field.own_indexes().iter().filter(|index| !index.removed) {
            let domain = registry::domain(field, index);
            let wanted = registry::index_spec(index);
            let is_wanted = |made: &IndexSpec| same_tags(made, &wanted);
            let planned = planned.iter().chain(&missing).find_map(|plan| plan.spec_of(&domain));
            let row = active(keys, Purpose::Index, &domain, scope);
            let Some(made) = planned.or_else(|| row.map(|row| row.index.as_ref())) else {
                none_active_needs_none(keys, Purpose::Index, &domain, scope)?;
                missing.push(Planned::key(Purpose::Index, &domain, 1, Some(wanted)));
                continue;
            };
            if made.is_some_and(is_wanted) {
                continue;
            }
            // Of a generation that is to come, or that was while there are values: programs of both declarations run side by
            // side until the column is reindexed. Whether this one can search for every generation is seen when the vault
            // is built.
            let declared_by = |state| {
                let mut generations = named(keys, Purpose::Index, &domain, scope).filter(|row| row.state == state);
                generations.any(|row| row.index.as_ref().is_some_and(is_wanted))
            };
            if declared_by(KeyState::Pending) || declared_by(KeyState::Retired) && facts.sample(field)?.is_some() {
                continue;
            }
            let registered = made.map(describe).unwrap_or_default();
            let declared = describe(&wanted);
            // What is planned is planned for a column that shares the domain.
            let Some(row) = row.filter(|_| planned.is_none() && index.domain.is_none()) else {
                let (field, index) = (field.id().to_owned(), index.name.to_owned());
                return Err(VaultError::DomainMismatch { field, index, domain, registered, declared }.into());
            };
            if facts.sample(field)?.is_some() {
                return Err(Halt::Refuse(VaultError::FieldChanged {
                    field: field.id().to_owned(),
                    what: "blind index",
                    registered: format!("`{}` with {registered}", index.name),
                    declared,
                    advice: "Change it back, or append an index of another name: the stored tags were made the old way",
                }));
            }
            // No value carries a tag yet, or only those that other processes are writing: the generation retires, and is
            // still searched for if this program knows how.
            let retired = row.state.advance(KeyState::Retired)?;
            let known = made.is_some_and(|spec| served(spec, index).is_ok());
            let old = match known {
                true => KeyRow { state: retired, ..row.clone() },
                false => {
                    let state = retired.advance(KeyState::Destroyed)?;
                    KeyRow { state, wrapped: Vec::new(), ..row.clone() }
                }
            };
            let last = named(keys, Purpose::Index, &domain, scope).map(|row| row.context.version).max();
            let next = last.unwrap_or_default().saturating_add(1);
            missing.push(Planned::ReplaceKey { old_mac: row.mac, row: old });
            missing.push(Planned::key(Purpose::Index, &domain, next, Some(wanted)));
        }
        Ok(missing)
    }
}

impl Start {
    /// The authority's key, if there is none yet.
    pub(super) fn missing_authority(&self, keys: &[KeyRow]) -> Result<Option<Planned>, VaultError> {
        let scope = self.scope.as_deref();
        if active(keys, Purpose::Users, "", scope).is_some() {
            return Ok(None);
        }
        none_active_needs_none(keys, Purpose::Users, "", scope)?;
        Ok(Some(Planned::key(Purpose::Users, "", 1, None)))
    }
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
pub(super) fn no_value_key_is_lost(
    field: &'static Field,
    state: Option<&HmacSha256>,
    facts: &Facts,
) -> Result<(), Halt> {
    let Some(key_id) = facts.sample(field)?.and_then(|stored| registry::key_of(field.storage, stored)) else {
        return Ok(());
    };
    match facts.key(key_id)? {
        // Of another scope, or made by another process in between.
        Some(row) if state.is_none_or(|state| row.is_authentic(state)) => Ok(()),
        Some(row) => Err(altered(row).into()),
        None => {
            let (field, key) = (field.id().to_owned(), format!("encrypt key {key_id:08x}"));
            Err(VaultError::KeyLost { field, key }.into())
        }
    }
}

fn describe(spec: &IndexSpec) -> String {
    format!("normaliser [{}] and {} bits", spec.normalize.join(", "), spec.bits)
}

/// Another version of Unicode changes few tags: the vault warns of it when it is built.
fn same_tags(made: &IndexSpec, wanted: &IndexSpec) -> bool {
    (&made.normalize, made.bits) == (&wanted.normalize, wanted.bits)
}
