//! The key tables as a file: JSON, data keys wrapped as they are stored. It opens nothing without the root keys.
//!
//! What is written and what is restored was found authentic first, every row of every scope: by opening vaults over it.

use diesel_encrypted::{
    KeyInventory, MemoryKeyStore, RootKeys, Vault,
    key_store::{Applied, KeyStore as _},
    keys::{AuditRow, Fingerprint, KeyContext, KeyEvent, KeyRow, KeyState, Purpose, RegistryRow, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    exit::{Failure, Result},
    hex,
};

/// What the file calls itself.
const FORMAT: &str = "diesel-encrypted key tables 1";

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Backup {
    format: String,
    keys: Vec<Key>,
    columns: Vec<Column>,
    audit: Vec<Event>,
}

/// A row of `encryption_keys`; bytes in hexadecimal.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key_id: u32,
    application: String,
    purpose: u8,
    name: String,
    scope: Option<String>,
    version: u32,
    state: u8,
    index: String,
    root_id: String,
    root_fingerprint: String,
    wrapped: String,
    check: String,
    mac: String,
    /// How many values it had sealed, as far as that was told.
    #[serde(default)]
    sealed_count: u64,
}

/// A row of `encrypted_columns`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Column {
    field_id: String,
    table: String,
    column: String,
    storage: String,
    class: u8,
    primary_key: String,
    indexes: String,
    options: String,
    mac: String,
}

/// A row of `encryption_audit`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Event {
    key_id: u32,
    sequence: u32,
    scope: Option<String>,
    event: u8,
    at_micros: i64,
    root_id: String,
    mac: String,
}

/// The rows as a file.
pub(crate) fn write(rows: &KeyInventory) -> Result<String> {
    let backup = Backup {
        format: FORMAT.to_owned(),
        keys: rows.keys.iter().map(|row| Key::of(row, rows.sealed(row.context.key_id))).collect(),
        columns: rows.columns.iter().map(Column::of).collect(),
        audit: rows.audit.iter().map(Event::of).collect(),
    };
    let text = serde_json::to_string_pretty(&backup);
    text.map(|text| text + "\n").map_err(|error| Failure::failed(format!("the rows have no JSON form: {error}")))
}

/// The rows of a file, not yet believed.
pub(crate) fn read(text: &str) -> Result<KeyInventory> {
    let backup: Backup = serde_json::from_str(text)
        .map_err(|error| Failure::failed(format!("this is no file of `keys export --tables`: {error}")))?;
    if backup.format != FORMAT {
        return Err(Failure::failed(format!("this file is not of the format `{FORMAT}`")));
    }
    let bad = || Failure::failed("a row of this file cannot be: it was altered");
    let usage = backup.keys.iter().map(|key| (key.key_id, key.sealed_count)).collect();
    let keys: Option<Vec<KeyRow>> = backup.keys.into_iter().map(Key::row).collect();
    let columns: Option<Vec<RegistryRow>> = backup.columns.into_iter().map(Column::row).collect();
    let audit: Option<Vec<AuditRow>> = backup.audit.into_iter().map(Event::row).collect();
    let rows = KeyInventory::new(keys.ok_or_else(bad)?, columns.ok_or_else(bad)?, audit.ok_or_else(bad)?);
    Ok(rows.with_usage(usage))
}

/// Finds every row authentic, and unwraps every key.
pub(crate) fn check(rows: &KeyInventory, root_keys: &RootKeys, application: &str) -> Result<()> {
    if rows.keys.is_empty() {
        return Err(Failure::failed("there is no key"));
    }
    let mut store = MemoryKeyStore::new();
    if store.apply(&rows.changes())? != Applied::Written {
        return Err(Failure::failed(
            "two of the rows are of one key, or two keys of one name are active: they were altered",
        ));
    }
    let mut scopes: Vec<Option<&[u8]>> =
        rows.keys.iter().map(|row| row.context.scope.as_deref()).chain([None]).collect();
    scopes.sort_unstable();
    scopes.dedup();
    for scope in scopes {
        let mut vault = Vault::builder(root_keys.clone()).application(application).existing_keys_only().registered();
        if let Some(scope) = scope {
            vault = vault.scope(scope);
        }
        vault.open_with(&mut store.clone())?;
    }
    Ok(())
}

/// Whether these are the rows that the database has.
pub(crate) fn is_in(stored: &KeyInventory, rows: &KeyInventory) -> bool {
    let lengths = |rows: &KeyInventory| (rows.keys.len(), rows.columns.len(), rows.audit.len());
    lengths(stored) == lengths(rows)
        && rows.keys.iter().all(|row| stored.keys.contains(row))
        && rows.columns.iter().all(|row| stored.columns.contains(row))
        && rows.audit.iter().all(|row| stored.audit.contains(row))
}

impl Key {
    fn of(row: &KeyRow, sealed_count: u64) -> Self {
        let context = &row.context;
        Self {
            key_id: context.key_id,
            application: context.application.clone(),
            purpose: context.purpose as u8,
            name: context.name.clone(),
            scope: context.scope.as_deref().map(hex::encode),
            version: context.version,
            state: row.state as u8,
            index: row.index_text(),
            root_id: row.root_id.clone(),
            root_fingerprint: row.root_fingerprint.to_string(),
            wrapped: hex::encode(&row.wrapped),
            check: hex::encode(&row.check),
            mac: hex::encode(&row.mac),
            sealed_count,
        }
    }

    fn row(self) -> Option<KeyRow> {
        let scope = match self.scope {
            Some(scope) => Some(hex::decode(&scope)?),
            None => None,
        };
        let purpose = Purpose::from_u8(self.purpose)?;
        let context = KeyContext::new(self.application, self.key_id, purpose, self.version, self.name, scope);
        let mut row = KeyRow::empty(context);
        row.state = KeyState::from_u8(self.state)?;
        row.index = match self.index.as_str() {
            "" => None,
            text => Some(KeyRow::parse_index(text)?),
        };
        row.root_id = self.root_id;
        row.root_fingerprint = Fingerprint::new(hex::decode(&self.root_fingerprint)?.try_into().ok()?);
        row.wrapped = hex::decode(&self.wrapped)?;
        row.check = hex::decode(&self.check)?.try_into().ok()?;
        row.mac = hex::decode(&self.mac)?.try_into().ok()?;
        Some(row)
    }
}

impl Column {
    fn of(row: &RegistryRow) -> Self {
        Self {
            field_id: row.field_id.clone(),
            table: row.table.clone(),
            column: row.column.clone(),
            storage: row.storage.clone(),
            class: row.class,
            primary_key: row.primary_key.clone(),
            indexes: row.indexes.clone(),
            options: row.options.clone(),
            mac: hex::encode(&row.mac),
        }
    }

    fn row(self) -> Option<RegistryRow> {
        let mut row = RegistryRow::new(self.field_id, self.table, self.column);
        row.storage = self.storage;
        row.class = self.class;
        row.primary_key = self.primary_key;
        row.indexes = self.indexes;
        row.options = self.options;
        row.mac = hex::decode(&self.mac)?.try_into().ok()?;
        Some(row)
    }
}

impl Event {
    fn of(row: &AuditRow) -> Self {
        Self {
            key_id: row.key_id,
            sequence: row.sequence,
            scope: row.scope.as_deref().map(hex::encode),
            event: row.event as u8,
            at_micros: row.at.unix_micros(),
            root_id: row.root_id.clone(),
            mac: hex::encode(&row.mac),
        }
    }

    fn row(self) -> Option<AuditRow> {
        let scope = match self.scope {
            Some(scope) => Some(hex::decode(&scope)?),
            None => None,
        };
        let (event, at) = (KeyEvent::from_u8(self.event)?, Timestamp::from_unix_micros(self.at_micros));
        let mut row = AuditRow::new(self.key_id, self.sequence, scope, event, at, self.root_id);
        row.mac = hex::decode(&self.mac)?.try_into().ok()?;
        Some(row)
    }
}
