//! The three tables. Ids, names and scopes are byte columns, so that no collation merges two tenants, and nothing is NULL,
//! so that UNIQUE holds.

use diesel_encrypted_core::Field;

use super::{
    rows::scope_column,
    statement::{Statement, Words},
};
use crate::backend::Dialect;

/// What makes the tables that a vault needs, one statement each.
pub(super) const CREATE: &[Words] = &[encryption_keys, encrypted_columns, encryption_audit];

/// What makes the table that maintenance needs besides.
pub(crate) const CREATE_JOBS: Words = encryption_jobs;

/// The types of a database.
pub(crate) struct Types {
    /// Bytes of any length.
    pub(crate) bytes: &'static str,
    /// Bytes that stand in a key.
    pub(crate) id: &'static str,
    /// Text, compared bytewise.
    text: &'static str,
    /// What follows the columns.
    pub(crate) end: &'static str,
}

impl Types {
    pub(crate) const fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self { bytes: "BLOB", id: "BLOB", text: "TEXT", end: "" },
            Dialect::Postgres => Self { bytes: "BYTEA", id: "BYTEA", text: "TEXT", end: "" },
            // InnoDB whatever the default: it has transactions. A key holds two of these ids, and InnoDB's keys hold 3072 bytes.
            Dialect::Mysql => Self {
                bytes: "BLOB",
                id: "VARBINARY(1024)",
                text: "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
                end: " ENGINE = InnoDB ROW_FORMAT = DYNAMIC",
            },
        }
    }
}

/// `active_slot` is 0 for the active key of a name and the key's own id for every other, so that UNIQUE admits one active
/// key.
fn encryption_keys(dialect: Dialect) -> String {
    let Types { bytes, id, text, end } = Types::of(dialect);
    format!(
        "CREATE TABLE IF NOT EXISTS encryption_keys (
    key_id BIGINT NOT NULL PRIMARY KEY,
    application {bytes} NOT NULL,
    purpose BIGINT NOT NULL,
    name {id} NOT NULL,
    scope {id} NOT NULL,
    version BIGINT NOT NULL,
    state BIGINT NOT NULL,
    active_slot BIGINT NOT NULL,
    index_spec {text} NOT NULL,
    root_id {bytes} NOT NULL,
    root_fingerprint {bytes} NOT NULL,
    wrapped {bytes} NOT NULL,
    check_value {bytes} NOT NULL,
    mac {bytes} NOT NULL,
    sealed_count BIGINT NOT NULL DEFAULT 0,
    UNIQUE (purpose, name, scope, version),
    UNIQUE (purpose, name, scope, active_slot)
){end}"
    )
}

fn encrypted_columns(dialect: Dialect) -> String {
    let Types { bytes, id, text, end } = Types::of(dialect);
    format!(
        "CREATE TABLE IF NOT EXISTS encrypted_columns (
    field_id {id} NOT NULL PRIMARY KEY,
    table_name {text} NOT NULL,
    column_name {text} NOT NULL,
    storage {text} NOT NULL,
    value_class BIGINT NOT NULL,
    primary_key {text} NOT NULL,
    indexes {text} NOT NULL,
    options {text} NOT NULL,
    mac {bytes} NOT NULL
){end}"
    )
}

/// How far jobs of maintenance are, and who works on which range: a row for each job and worker.
fn encryption_jobs(dialect: Dialect) -> String {
    let Types { id, text, end, .. } = Types::of(dialect);
    format!(
        "CREATE TABLE IF NOT EXISTS encryption_jobs (
    job {id} NOT NULL,
    part BIGINT NOT NULL,
    operation {text} NOT NULL,
    parameters {text} NOT NULL,
    state BIGINT NOT NULL,
    pass BIGINT NOT NULL,
    low {text} NOT NULL,
    high {text} NOT NULL,
    token {text} NOT NULL,
    expires BIGINT NOT NULL,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    started BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    PRIMARY KEY (job, part)
){end}"
    )
}

fn encryption_audit(dialect: Dialect) -> String {
    let Types { bytes, id, end, .. } = Types::of(dialect);
    format!(
        "CREATE TABLE IF NOT EXISTS encryption_audit (
    key_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    scope {id} NOT NULL,
    event BIGINT NOT NULL,
    at_micros BIGINT NOT NULL,
    root_id {bytes} NOT NULL,
    mac {bytes} NOT NULL,
    PRIMARY KEY (key_id, sequence)
){end}"
    )
}

/// The database's clock: microseconds since 1970, in UTC. SQLite's has milliseconds, and is its machine's.
pub(super) fn now_micros(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
        Dialect::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
        Dialect::Mysql => "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
    }
    .to_owned()
}

/// What removes them, and with them every value they hold the keys of.
pub(super) const DROP: [&str; 4] = [
    "DROP TABLE encryption_keys",
    "DROP TABLE encrypted_columns",
    "DROP TABLE encryption_audit",
    "DROP TABLE encryption_jobs",
];

/// In the order of [`super::connection::KeyColumns`].
const SELECT_KEYS: &str = "SELECT key_id, application, purpose, name, scope, version, state, active_slot, index_spec, \
                           root_id, root_fingerprint, wrapped, check_value, mac FROM encryption_keys";

/// The rows of a scope, and those without one; or every row.
pub(super) fn select_keys(scope: Option<Option<&[u8]>>) -> Statement {
    in_scope(Statement::new().sql(SELECT_KEYS), scope).sql(" ORDER BY name, scope, purpose, version")
}

/// What happened to the keys of a scope, and to those without one; or to every key. In the order of
/// [`super::connection::AuditColumns`].
pub(super) fn select_audit(scope: Option<Option<&[u8]>>) -> Statement {
    let all = "SELECT key_id, sequence, scope, event, at_micros, root_id, mac FROM encryption_audit";
    in_scope(Statement::new().sql(all), scope).sql(" ORDER BY key_id, sequence")
}

/// How many values each key of a scope, and each without one, has sealed; or every key.
pub(super) fn select_usage(scope: Option<Option<&[u8]>>) -> Statement {
    in_scope(Statement::new().sql("SELECT key_id, sealed_count FROM encryption_keys"), scope)
}

pub(super) fn add_usage(key_id: u32, more: i64) -> Statement {
    let statement = Statement::new().sql("UPDATE encryption_keys SET sealed_count = sealed_count + ").number(more);
    statement.sql(" WHERE key_id = ").number(key_id)
}

pub(super) fn select_now() -> Statement {
    Statement::new().sql("SELECT ").words(now_micros).sql(", ").words(zero)
}

/// A number of the type that is asked for.
fn zero(dialect: Dialect) -> String {
    if dialect == Dialect::Postgres { "0::bigint" } else { "0" }.to_owned()
}

fn in_scope(statement: Statement, scope: Option<Option<&[u8]>>) -> Statement {
    match scope {
        Some(scope) => {
            statement.sql(" WHERE scope IN (").bytes(&scope_column(None)).sql(", ").bytes(&scope_column(scope)).sql(")")
        }
        None => statement,
    }
}

/// The row of a key, of whatever scope.
pub(super) fn select_key(key_id: u32) -> Statement {
    Statement::new().sql(SELECT_KEYS).sql(" WHERE key_id = ").number(key_id)
}

/// The registry, in the order of [`super::connection::FieldColumns`].
pub(super) fn select_fields() -> Statement {
    Statement::new().sql(
        "SELECT field_id, table_name, column_name, storage, value_class, primary_key, indexes, options, mac \
         FROM encrypted_columns ORDER BY field_id",
    )
}

/// One value of a field.
pub(super) fn select_sample(field: &Field) -> Statement {
    Statement::new()
        .sql("SELECT ")
        .name(field.column())
        .sql(" FROM ")
        .table(field.table())
        .sql(" WHERE ")
        .name(field.column())
        .sql(" IS NOT NULL LIMIT 1")
}
