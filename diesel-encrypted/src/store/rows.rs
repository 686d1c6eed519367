//! Rows, from columns and to statements. A column that no store wrote is an error that names it.

use diesel_encrypted_core::{
    Change, StoreError,
    keys::{
        AuditRow, Fingerprint, KeyContext, KeyEvent, KeyRow, KeyState, Purpose, RegistryRow, RootKeyId, RowKind,
        Timestamp,
    },
};

use super::{
    connection::{AuditColumns, FieldColumns, KeyColumns},
    inventory::KeyInventory,
    statement::Statement,
    tables,
};

/// The scope as it is stored: `opt` form, so that it is never NULL.
pub(crate) fn scope_column(scope: Option<&[u8]>) -> Vec<u8> {
    match scope {
        None => vec![0],
        Some(scope) => [&[1], scope].concat(),
    }
}

/// What [`scope_column`] made.
fn scope_of(column: &[u8]) -> Option<Option<Vec<u8>>> {
    match column.split_first() {
        Some((0, [])) => Some(None),
        Some((1, scope)) => Some(Some(scope.to_vec())),
        _ => None,
    }
}

pub(super) fn key_row(columns: KeyColumns) -> Result<KeyRow, StoreError> {
    let (
        key_id,
        application,
        purpose,
        name,
        scope,
        version,
        state,
        active_slot,
        index,
        root_id,
        print,
        wrapped,
        check,
        mac,
    ) = columns;
    let described = format!("key {key_id:08x} of `{}`", name.escape_ascii());
    let bad = |column| {
        let row = described.clone();
        move || StoreError::BadRow { kind: RowKind::Key, row, column }
    };
    let text = |bytes, column| String::from_utf8(bytes).map_err(|_| bad(column)());
    let key_id_number = u32::try_from(key_id).map_err(|_| bad("key_id")())?;
    let purpose = u8::try_from(purpose).ok().and_then(Purpose::from_u8).ok_or_else(bad("purpose"))?;
    let state = u8::try_from(state).ok().and_then(KeyState::from_u8).ok_or_else(bad("state"))?;
    if active_slot != if state == KeyState::Active { 0 } else { key_id } {
        return Err(bad("active_slot")());
    }
    let scope = scope_of(&scope).ok_or_else(bad("scope"))?;
    // It goes into messages and logs: only what is an id may.
    let root_id = match text(root_id, "root_id")? {
        none if none.is_empty() && purpose == Purpose::Manifest => none,
        id => RootKeyId::new(id).map_err(|_| bad("root_id")())?.to_string(),
    };
    let index = match index.as_str() {
        "" => None,
        json => Some(KeyRow::parse_index(json).ok_or_else(bad("index_spec"))?),
    };
    let context = KeyContext::new(
        text(application, "application")?,
        key_id_number,
        purpose,
        u32::try_from(version).map_err(|_| bad("version")())?,
        text(name, "name")?,
        scope,
    );
    let mut row = KeyRow::empty(context);
    row.state = state;
    row.index = index;
    row.root_id = root_id;
    row.root_fingerprint = Fingerprint::new(print.try_into().map_err(|_| bad("root_fingerprint")())?);
    row.wrapped = wrapped;
    row.check = check.try_into().map_err(|_| bad("check_value")())?;
    row.mac = mac.try_into().map_err(|_| bad("mac")())?;
    Ok(row)
}

pub(super) fn field_row(columns: FieldColumns) -> Result<RegistryRow, StoreError> {
    let (field_id, table, column, storage, class, primary_key, indexes, options, mac) = columns;
    let name = format!("column {table}.{column}");
    let bad = |column| StoreError::BadRow { kind: RowKind::Field, row: name.clone(), column };
    let field_id = String::from_utf8(field_id).map_err(|_| bad("field_id"))?;
    let mut row = RegistryRow::new(field_id, table, column);
    row.storage = storage;
    row.class = u8::try_from(class).map_err(|_| bad("value_class"))?;
    row.primary_key = primary_key;
    row.indexes = indexes;
    row.options = options;
    row.mac = mac.try_into().map_err(|_| bad("mac"))?;
    Ok(row)
}

pub(super) fn audit_row(columns: AuditColumns) -> Result<AuditRow, StoreError> {
    let (key_id, sequence, scope, event, at, root_id, mac) = columns;
    let row = format!("event {sequence} of key {key_id:08x}");
    let bad = |column| StoreError::BadRow { kind: RowKind::Audit, row: row.clone(), column };
    let number = |number, column| u32::try_from(number).map_err(|_| bad(column));
    let event = u8::try_from(event).ok().and_then(KeyEvent::from_u8).ok_or_else(|| bad("event"))?;
    let scope = scope_of(&scope).ok_or_else(|| bad("scope"))?;
    let root_id = String::from_utf8(root_id).ok().and_then(|id| RootKeyId::new(id).ok());
    let root_id = root_id.ok_or_else(|| bad("root_id"))?.to_string();
    let (key_id, sequence) = (number(key_id, "key_id")?, number(sequence, "sequence")?);
    let mut row = AuditRow::new(key_id, sequence, scope, event, Timestamp::from_unix_micros(at), root_id);
    row.mac = mac.try_into().map_err(|_| bad("mac"))?;
    Ok(row)
}

fn active_slot(row: &KeyRow) -> i64 {
    if row.state == KeyState::Active { 0 } else { row.context.key_id.into() }
}

/// The bytes of an id that every database keeps whole ([`super::tables`]).
const ID_MAX: usize = 1024;
/// The bytes of any other byte column.
const BYTES_MAX: usize = 65535;

/// Refuses what a database would cut: MySQL does so in silence, unless its sql_mode is strict.
pub(super) fn check_lengths(changes: &[Change]) -> Result<(), StoreError> {
    changes.iter().try_for_each(|change| match change {
        Change::InsertKey(row) | Change::ReplaceKey { row, .. } => {
            let context = &row.context;
            let scope = scope_column(context.scope.as_deref()).len();
            let fits = |column, length, max| fits(RowKind::Key, column, length, max);
            fits("application", context.application.len(), BYTES_MAX)?;
            fits("name", context.name.len(), ID_MAX)?;
            fits("scope", scope, ID_MAX)?;
            fits("root_id", row.root_id.len(), BYTES_MAX)?;
            fits("wrapped", row.wrapped.len(), BYTES_MAX)
        }
        Change::InsertField(row) | Change::ReplaceField { row, .. } => {
            fits(RowKind::Field, "field_id", row.field_id.len(), ID_MAX)
        }
        _ => Ok(()),
    })
}

fn fits(kind: RowKind, column: &'static str, length: usize, max: usize) -> Result<(), StoreError> {
    if length <= max { Ok(()) } else { Err(StoreError::TooLong { kind, column, length, max }) }
}

/// The statement that makes a change. It writes one row; if it writes none, another process changed the row first. `None`
/// for a change of a later version of the core.
pub(super) fn write(change: &Change) -> Option<Statement> {
    Some(match change {
        Change::InsertKey(row) => insert_key(row),
        Change::ReplaceKey { old_mac, row } => replace_key(old_mac, row),
        Change::InsertField(row) => insert_field(row),
        Change::ReplaceField { old_mac, row } => replace_field(old_mac, row),
        Change::RemoveField { row } => remove_field(row),
        Change::InsertAudit(row) => insert_audit(row),
        _ => return None,
    })
}

fn insert_key(row: &KeyRow) -> Statement {
    let scope = scope_column(row.context.scope.as_deref());
    let index = row.index_text();
    Statement::new()
        .sql(
            "INSERT INTO encryption_keys (key_id, application, purpose, name, scope, version, state, active_slot, \
             index_spec, root_id, root_fingerprint, wrapped, check_value, mac) VALUES (",
        )
        .number(row.context.key_id)
        .sql(", ")
        .bytes(row.context.application.as_bytes())
        .sql(", ")
        .number(row.context.purpose as u8)
        .sql(", ")
        .bytes(row.context.name.as_bytes())
        .sql(", ")
        .bytes(&scope)
        .sql(", ")
        .number(row.context.version)
        .sql(", ")
        .number(row.state as u8)
        .sql(", ")
        .number(active_slot(row))
        .sql(", ")
        .text(&index)
        .sql(", ")
        .bytes(row.root_id.as_bytes())
        .sql(", ")
        .bytes(row.root_fingerprint.as_bytes())
        .sql(", ")
        .bytes(&row.wrapped)
        .sql(", ")
        .bytes(&row.check)
        .sql(", ")
        .bytes(&row.mac)
        .sql(")")
}

/// Only what may change in the life of a key: its state, and what wraps it.
fn replace_key(old_mac: &[u8; 32], row: &KeyRow) -> Statement {
    Statement::new()
        .sql("UPDATE encryption_keys SET state = ")
        .number(row.state as u8)
        .sql(", active_slot = ")
        .number(active_slot(row))
        .sql(", root_id = ")
        .bytes(row.root_id.as_bytes())
        .sql(", root_fingerprint = ")
        .bytes(row.root_fingerprint.as_bytes())
        .sql(", wrapped = ")
        .bytes(&row.wrapped)
        .sql(", mac = ")
        .bytes(&row.mac)
        .sql(" WHERE key_id = ")
        .number(row.context.key_id)
        .sql(" AND mac = ")
        .bytes(old_mac)
}

fn insert_field(row: &RegistryRow) -> Statement {
    Statement::new()
        .sql(
            "INSERT INTO encrypted_columns (field_id, table_name, column_name, storage, value_class, primary_key, \
             indexes, options, mac) VALUES (",
        )
        .bytes(row.field_id.as_bytes())
        .sql(", ")
        .text(&row.table)
        .sql(", ")
        .text(&row.column)
        .sql(", ")
        .text(&row.storage)
        .sql(", ")
        .number(row.class)
        .sql(", ")
        .text(&row.primary_key)
        .sql(", ")
        .text(&row.indexes)
        .sql(", ")
        .text(&row.options)
        .sql(", ")
        .bytes(&row.mac)
        .sql(")")
}

/// How long a change may take from when its time was asked for until this, its last statement. What is recorded of it
/// would be too early by more.
const TIMELY: i64 = 30_000_000;

fn insert_audit(row: &AuditRow) -> Statement {
    audit_values(row)
        .sql(" FROM (SELECT 1) AS now WHERE ")
        .words(tables::now_micros)
        .sql(" <= ")
        .number(row.at.unix_micros().saturating_add(TIMELY))
}

/// The statements that write rows which were written before.
pub(super) fn restore(inventory: &KeyInventory) -> Vec<Statement> {
    let keys = inventory.keys.iter().map(insert_key);
    let columns = inventory.columns.iter().map(insert_field);
    let usage = inventory.usage.iter().filter(|(_, sealed)| *sealed > 0);
    let usage = usage.map(|(key_id, sealed)| tables::add_usage(*key_id, i64::try_from(*sealed).unwrap_or(i64::MAX)));
    keys.chain(columns).chain(inventory.audit.iter().map(audit_values)).chain(usage).collect()
}

fn audit_values(row: &AuditRow) -> Statement {
    Statement::new()
        .sql("INSERT INTO encryption_audit (key_id, sequence, scope, event, at_micros, root_id, mac) SELECT ")
        .number(row.key_id)
        .sql(", ")
        .number(row.sequence)
        .sql(", ")
        .bytes(&scope_column(row.scope.as_deref()))
        .sql(", ")
        .number(row.event as u8)
        .sql(", ")
        .number(row.at.unix_micros())
        .sql(", ")
        .bytes(row.root_id.as_bytes())
        .sql(", ")
        .bytes(&row.mac)
}

fn replace_field(old_mac: &[u8; 32], row: &RegistryRow) -> Statement {
    Statement::new()
        .sql("UPDATE encrypted_columns SET table_name = ")
        .text(&row.table)
        .sql(", column_name = ")
        .text(&row.column)
        .sql(", storage = ")
        .text(&row.storage)
        .sql(", value_class = ")
        .number(row.class)
        .sql(", primary_key = ")
        .text(&row.primary_key)
        .sql(", indexes = ")
        .text(&row.indexes)
        .sql(", options = ")
        .text(&row.options)
        .sql(", mac = ")
        .bytes(&row.mac)
        .sql(" WHERE field_id = ")
        .bytes(row.field_id.as_bytes())
        .sql(" AND mac = ")
        .bytes(old_mac)
}

fn remove_field(row: &RegistryRow) -> Statement {
    Statement::new()
        .sql("DELETE FROM encrypted_columns WHERE field_id = ")
        .bytes(row.field_id.as_bytes())
        .sql(" AND mac = ")
        .bytes(&row.mac)
}
