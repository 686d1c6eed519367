//! What is read and written for a field, and what the database is asked before.

use diesel_encrypted_core::{Binding, Field};

use crate::{
    backend::Dialect,
    maintenance::{
        MaintenanceConnection, MaintenanceError,
        header::Header,
        patience::patiently,
        table::{Column, Table},
        transform::Transform,
        walk::Walk,
        write::{Action, Write},
    },
    store::{rows::scope_column, statement::Statement},
};

/// How the rows of a field are read and written.
pub(in crate::maintenance) fn plan<'t>(
    field: &Field,
    transform: &dyn Transform,
    table: &'t Table,
) -> Result<Write<'t>, MaintenanceError> {
    let own = table.column(field.column())?;
    let header = Header::new(table, own, field.storage());
    let named = |columns: &[&str]| columns.iter().map(|name| table.column(name)).collect::<Result<Vec<&Column>, _>>();
    let key = named(field.declared_primary_key())?;
    if key.is_empty() {
        return Err(MaintenanceError::NoPrimaryKey { table: field.table().to_owned() });
    }
    let owner = match transform.binding(field) {
        Binding::Columns(columns) if transform.needs_owner() => named(columns)?,
        _ => Vec::new(),
    };
    let column = transform.reads().map_or(Ok(own), |name| table.column(name))?;
    let target = transform.writes().map(|name| table.column(name)).transpose()?;
    let wants = transform.wants(&header, table)?;
    let as_bytes = match transform.writes() {
        Some(name) if name != field.column() => field.class() == diesel_encrypted_core::Class::Bytes,
        _ => field.storage() == diesel_encrypted_core::Storage::Binary,
    };
    let beside = transform.against().map(|name| table.column(name)).transpose()?;
    let walk = Walk { table, key, column, owner, beside, wants };
    Ok(Write { walk, action: transform.action().unwrap_or(Action::Set), target, as_bytes })
}

pub(super) fn count<C: MaintenanceConnection>(
    connection: &mut C,
    statement: Statement,
) -> Result<u64, MaintenanceError> {
    let rows = patiently(connection, |connection| connection.groups(statement.clone()))?;
    Ok(rows.first().map_or(0, |(_, count, _)| u64::try_from(*count).unwrap_or(0)))
}

/// How many rows need work, for who waits: about, where counting them would take long.
pub(super) fn expect<C: MaintenanceConnection>(connection: &mut C, walk: &Walk<'_>) -> Result<u64, MaintenanceError> {
    if let Some(estimate) = walk.estimate() {
        let rows = patiently(connection, |connection| connection.groups(estimate.clone()))?;
        if let Some((_, about, _)) = rows.first() {
            return Ok(u64::try_from(*about).unwrap_or(0));
        }
    }
    count(connection, walk.count())
}

/// The ids of a field's keys in this database, of whatever scope. They are not authenticated, and decide nothing but what
/// is reported, or refused.
pub(super) fn known_keys<C: MaintenanceConnection>(
    connection: &mut C,
    field: &Field,
) -> Result<Vec<u32>, MaintenanceError> {
    key_ids(connection, field, |all| all)
}

/// Refuses a layer of the application's under a key that its vault does not know: its values would be passed over.
pub(super) fn know_layer<C: MaintenanceConnection>(
    connection: &mut C,
    transform: &dyn Transform,
) -> Result<(), MaintenanceError> {
    let Some(layer) = transform.layer() else { return Ok(()) };
    let scope = scope_column(layer.application.scope());
    let of_scope = |all: Statement| all.sql(" AND purpose = 1 AND scope = ").owned_bytes(scope);
    let stored = key_ids(connection, layer.field, of_scope)?;
    match stored.into_iter().find(|key_id| !layer.known.contains(key_id)) {
        Some(key_id) => Err(MaintenanceError::UnknownKey { field: layer.field.id().to_owned(), key_id }),
        None => Ok(()),
    }
}

fn key_ids<C: MaintenanceConnection>(
    connection: &mut C,
    field: &Field,
    only: impl FnOnce(Statement) -> Statement,
) -> Result<Vec<u32>, MaintenanceError> {
    let statement = Statement::each(|dialect| {
        let select = match dialect {
            Dialect::Postgres => "SELECT ''::bytea, key_id, 0::bigint FROM encryption_keys WHERE name = ",
            Dialect::Sqlite | Dialect::Mysql => "SELECT x'', key_id, 0 FROM encryption_keys WHERE name = ",
        };
        Statement::new().sql(select).bytes(field.id().as_bytes())
    });
    let statement = only(statement);
    let rows = patiently(connection, |connection| connection.groups(statement.clone()))?;
    Ok(rows.into_iter().filter_map(|(_, id, _)| u32::try_from(id).ok()).collect())
}
