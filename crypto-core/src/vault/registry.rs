//! The registry: what each field was when values were written, held against what its model says now.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    VaultError,
    facts::{Facts, Halt},
    plan::Planned,
};
use crate::{
    Binding, Field, Index, Plaintext, Storage,
    format::{text, value::SealedValue},
    index::unicode_versions,
    keys::{IndexSpec, KeyRow, RegistryRow},
    value::Class,
};

/// An index as the registry keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RegisteredIndex {
    pub(crate) name: String,
    /// The domain of its keys: the `name` of their rows.
    pub(crate) domain: String,
    pub(super) removed: bool,
}

impl RegisteredIndex {
    /// Whether it makes tags with the keys of this name.
    pub(super) fn uses(&self, name: &str) -> bool {
        !self.removed && self.domain == name
    }
}

#[derive(Serialize)]
struct Options<'a> {
    algorithm: &'a str,
    padding: Option<u32>,
    plaintext: &'a str,
    bound_to: Vec<&'a str>,
    bound_externally: bool,
    /// The class of what the user's layer holds, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    inner_class: Option<u8>,
}

/// The name of an index's keys: its own, or that of the domain it shares.
pub(super) fn domain(field: &Field, index: &Index) -> String {
    match index.domain {
        Some(shared) => format!("domain:{shared}"),
        None => format!("index:{}:{}", field.id(), index.name),
    }
}

/// How an index's tags are made from now on.
pub(super) fn index_spec(index: &Index) -> IndexSpec {
    IndexSpec {
        normalize: index.normalize.iter().map(crate::Normalizer::name).collect(),
        bits: index.bits,
        unicode: unicode_versions(index.normalize),
    }
}

fn indexes(field: &Field) -> Vec<RegisteredIndex> {
    let registered = |index: &Index| RegisteredIndex {
        name: index.name.to_owned(),
        domain: domain(field, index),
        removed: index.removed,
    };
    field.indexes.iter().map(registered).collect()
}

/// JSON of what is made of strings, numbers and lists: serde has no way to refuse it.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The row that the model asks for, not yet authenticated.
pub(super) fn row(field: &Field) -> RegistryRow {
    let options = Options {
        algorithm: field.algorithm.name(),
        padding: field.padding,
        plaintext: match field.plaintext {
            Plaintext::Refuse => "refuse",
            Plaintext::Accept => "accept",
        },
        bound_to: match field.binding {
            Binding::Columns(columns) => columns.to_vec(),
            Binding::None | Binding::External => Vec::new(),
        },
        bound_externally: field.binding == Binding::External,
        inner_class: field.inner.map(|class| class as u8),
    };
    RegistryRow {
        field_id: field.id().to_owned(),
        table: field.table.to_owned(),
        column: field.column.to_owned(),
        storage: field.storage.name().to_owned(),
        class: field.class as u8,
        primary_key: json(&field.primary_key),
        indexes: json(&indexes(field)),
        options: json(&options),
        mac: [0; 32],
    }
}

/// What a change of declaration needs before it can be accepted.
enum Verdict {
    /// Nothing: it touches no stored value.
    Harmless,
    /// That the column holds no value yet.
    Empty(VaultError),
}

/// Holds the declaration against the registered row.
fn judge(field: &Field, old: &RegistryRow, new: &RegistryRow) -> Verdict {
    let changed = |what, registered: &str, declared: &str, advice| {
        Verdict::Empty(VaultError::FieldChanged {
            field: field.id().to_owned(),
            what,
            registered: registered.to_owned(),
            declared: declared.to_owned(),
            advice,
        })
    };
    let class = |number: u8| Class::from_u8(number).map_or("unknown", Class::name);
    let options = |options: &str| serde_json::from_str::<serde_json::Value>(options).ok();
    let inner = |text: &str| options(text).and_then(|options| options.get("inner_class").cloned());
    let binding = |text: &str| -> Option<(serde_json::Value, serde_json::Value)> {
        let options = options(text)?;
        Some((options.get("bound_to")?.clone(), options.get("bound_externally")?.clone()))
    };
    if old.storage != new.storage {
        return changed(
            "storage",
            &old.storage,
            &new.storage,
            "Change the column's type back, or decrypt the column, change its type, and encrypt it again",
        );
    }
    if old.class != new.class {
        return changed(
            "kind of value",
            class(old.class),
            class(new.class),
            "Change the field's type back, or move its values into a new column of the new type",
        );
    }
    if inner(&old.options) != inner(&new.options) {
        return changed(
            "layer of users",
            &old.options,
            &new.options,
            "Change the field's type back, or move its values into a new column",
        );
    }
    if binding(&old.options) != binding(&new.options) {
        return changed(
            "binding to an owner",
            &old.options,
            &new.options,
            "Change `bound_to` back, or move its values into a new column",
        );
    }
    let Ok(registered) = serde_json::from_str::<Vec<RegisteredIndex>>(&old.indexes) else {
        let advice = "It was registered by a newer version of diesel-encrypted: use that one";
        return changed("list of blind indexes", &old.indexes, &new.indexes, advice);
    };
    let declared = indexes(field);
    let keeps = |(old, new): (&RegisteredIndex, &RegisteredIndex)| {
        old.name == new.name && (old.domain == new.domain || new.removed)
    };
    if declared.len() < registered.len() || !registered.iter().zip(&declared).all(keeps) {
        return changed(
            "list of blind indexes",
            &names(&registered),
            &names(&declared),
            "Slots are positional: keep the order, append new indexes at the end, and mark one that is no longer wanted \
             with `removed` instead of deleting it",
        );
    }
    Verdict::Harmless
}

fn names(indexes: &[RegisteredIndex]) -> String {
    let each: Vec<String> = indexes.iter().map(|index| format!("{} ({})", index.name, index.domain)).collect();
    format!("[{}]", each.join(", "))
}

/// What brings the registry in step with `field`, or why that must not be done.
pub(super) fn changes(
    field: &'static Field,
    rows: &[RegistryRow],
    keys: &[KeyRow],
    facts: &Facts,
) -> Result<Vec<Planned>, Halt> {
    let new = row(field);
    if let Some(old) = rows.iter().find(|row| row.field_id == new.field_id) {
        if same_declaration(old, &new) {
            return Ok(Vec::new());
        }
        if let Verdict::Empty(error) = judge(field, old, &new)
            && facts.sample(field)?.is_some()
        {
            return Err(error.into());
        }
        return Ok(vec![Planned::ReplaceField { old_mac: old.mac, row: new }]);
    }

    let sample = facts.sample(field)?;
    let renamed = |registered: &str| VaultError::FieldChanged {
        field: field.id().to_owned(),
        what: "field id",
        registered: registered.to_owned(),
        declared: field.id().to_owned(),
        advice: "Pin the old one, so that its values stay readable: `#[encrypt(id = \"..\")]`",
    };
    let mut changes = Vec::new();
    if let Some(old) = rows.iter().find(|row| (&row.table, &row.column) == (&new.table, &new.column)) {
        if sample.is_some() {
            return Err(renamed(&old.field_id).into());
        }
        changes.push(Planned::RemoveField { row: old.clone() });
    } else if let Some(sealed) = sample
        && let Some(owner) = sealed_for(field.storage, sealed, keys)
        && owner != field.id()
    {
        return Err(renamed(&owner).into());
    }
    changes.push(Planned::InsertField(new));
    Ok(changes)
}

/// The field id that a stored value was sealed for, if its key is known.
fn sealed_for(storage: Storage, stored: &[u8], keys: &[KeyRow]) -> Option<String> {
    let key_id = key_of(storage, stored)?;
    keys.iter().find(|row| row.context.key_id == key_id).map(|row| row.context.name.clone())
}

/// The application's key that a stored value names. `None` if it was never sealed, or is a user's or a group's.
pub(super) fn key_of(storage: Storage, stored: &[u8]) -> Option<u32> {
    let bytes = match storage {
        Storage::Binary => Cow::Borrowed(stored),
        Storage::Text => Cow::Owned(text::decode(str::from_utf8(stored).ok()?).ok()?),
    };
    let header = SealedValue::parse(&bytes).ok()?.header;
    (!header.user_key).then_some(header.key_id)
}

/// Whether two rows say the same, whatever their MACs.
fn same_declaration(old: &RegistryRow, new: &RegistryRow) -> bool {
    RegistryRow { mac: old.mac, ..new.clone() } == *old
}
