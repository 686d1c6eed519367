//! Rows, from columns and to statements. A column that no store wrote is an error that names it.

use diesel::{QueryResult, result::Error as DieselError};
use diesel_encrypted_core::keys::{
    Fingerprint, KeyContext, KeyRow, KeyState, Purpose, RegistryRow, RootKeyId, RowKind,
};

use super::{
    BadRow,
    connection::{FieldColumns, KeyColumns, KeyStoreConnection},
    statement::Statement,
};

/// The scope as it is stored: `opt` form, so that it is never NULL.
pub(super) fn scope_column(scope: Option<&[u8]>) -> Vec<u8> {
    match scope {
        None => vec![0],
        Some(scope) => [&[1], scope].concat(),
    }
}

pub(super) fn key_row(columns: KeyColumns) -> Result<KeyRow, BadRow> {
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
        move || BadRow { kind: RowKind::Key, row, column }
    };
    let text = |bytes, column| String::from_utf8(bytes).map_err(|_| bad(column)());
    let key_id_number = u32::try_from(key_id).map_err(|_| bad("key_id")())?;
    let purpose = u8::try_from(purpose).ok().and_then(Purpose::from_u8).ok_or_else(bad("purpose"))?;
    let state = u8::try_from(state).ok().and_then(KeyState::from_u8).ok_or_else(bad("state"))?;
    if active_slot != if state == KeyState::Active { 0 } else { key_id } {
        return Err(bad("active_slot")());
    }
    let scope = match scope.split_first() {
        Some((0, [])) => None,
        Some((1, scope)) => Some(scope.to_vec()),
        _ => return Err(bad("scope")()),
    };
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

pub(super) fn field_row(columns: FieldColumns) -> Result<RegistryRow, BadRow> {
    let (field_id, table, column, storage, class, primary_key, indexes, options, mac) = columns;
    let name = format!("column {table}.{column}");
    let bad = |column| BadRow { kind: RowKind::Field, row: name.clone(), column };
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

fn active_slot(row: &KeyRow) -> i64 {
    if row.state == KeyState::Active { 0 } else { row.context.key_id.into() }
}

/// One row was to be written: none means that another process changed it first.
fn exactly_one(count: usize) -> QueryResult<()> {
    if count == 1 { Ok(()) } else { Err(DieselError::NotFound) }
}

pub(super) fn insert_key<C: KeyStoreConnection>(connection: &mut C, row: &KeyRow) -> QueryResult<()> {
    let scope = scope_column(row.context.scope.as_deref());
    let index = row.index_text();
    let statement = Statement::new()
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
        .sql(")");
    exactly_one(connection.run(statement)?)
}

/// Only what may change in the life of a key: its state, and what wraps it.
pub(super) fn replace_key<C: KeyStoreConnection>(
    connection: &mut C,
    old_mac: &[u8; 32],
    row: &KeyRow,
) -> QueryResult<()> {
    let statement = Statement::new()
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
        .bytes(old_mac);
    exactly_one(connection.run(statement)?)
}

pub(super) fn insert_field<C: KeyStoreConnection>(connection: &mut C, row: &RegistryRow) -> QueryResult<()> {
    let statement = Statement::new()
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
        .sql(")");
    exactly_one(connection.run(statement)?)
}

pub(super) fn replace_field<C: KeyStoreConnection>(
    connection: &mut C,
    old_mac: &[u8; 32],
    row: &RegistryRow,
) -> QueryResult<()> {
    let statement = Statement::new()
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
        .bytes(old_mac);
    exactly_one(connection.run(statement)?)
}

pub(super) fn remove_field<C: KeyStoreConnection>(connection: &mut C, row: &RegistryRow) -> QueryResult<()> {
    let statement = Statement::new()
        .sql("DELETE FROM encrypted_columns WHERE field_id = ")
        .bytes(row.field_id.as_bytes())
        .sql(" AND mac = ")
        .bytes(&row.mac);
    exactly_one(connection.run(statement)?)
}
