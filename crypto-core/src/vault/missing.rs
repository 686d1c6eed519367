//! The keys that a field still needs, and what has to be true before one is made.
//!
//! A key that was lost is never replaced by a new one: the values that it sealed would be lost with it.

use super::{
    Change, KeyStore, VaultError,
    authentic::{active, altered, named},
    build::steps,
    registry,
    start::Start,
};
use crate::{
    Field, Index,
    keys::{HmacSha256, IndexSpec, KeyRow, KeyState, Purpose},
};

impl Start {
    /// Adds what keys `field` still needs.
    pub(super) fn missing_keys(
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
