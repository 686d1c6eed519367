//! The two tables. Ids, names and scopes are byte columns, so that no collation merges two tenants, and nothing is NULL,
//! so that UNIQUE holds.

use diesel_encrypted_core::Field;

use super::{
    rows::scope_column,
    statement::{Statement, Words},
};
use crate::backend::Dialect;

/// What makes the tables that a vault needs, one statement each.
pub(super) const CREATE: [Words; 2] = [encryption_keys, encrypted_columns];

/// What makes the table that maintenance needs besides.
pub(crate) const CREATE_JOBS: Words = encryption_jobs;

/// The types of a database.
struct Types {
    /// Bytes of any length.
    bytes: &'static str,
    /// Bytes that stand in a key.
    id: &'static str,
    /// Text, compared bytewise.
    text: &'static str,
    /// What follows the columns.
    end: &'static str,
}

impl Types {
    const fn of(dialect: Dialect) -> Self {
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

/// What removes them, and with them every value they hold the keys of.
pub(super) const DROP: [&str; 3] =
    ["DROP TABLE encryption_keys", "DROP TABLE encrypted_columns", "DROP TABLE encryption_jobs"];

/// In the order of [`super::connection::KeyColumns`].
const SELECT_KEYS: &str = "SELECT key_id, application, purpose, name, scope, version, state, active_slot, index_spec, \
                           root_id, root_fingerprint, wrapped, check_value, mac FROM encryption_keys";

/// The rows of a scope, and those without one.
pub(super) fn select_keys(scope: Option<&[u8]>) -> Statement {
    Statement::new()
        .sql(SELECT_KEYS)
        .sql(" WHERE scope IN (")
        .bytes(&scope_column(None))
        .sql(", ")
        .bytes(&scope_column(scope))
        .sql(") ORDER BY name, version")
}

/// The rows of every scope.
pub(super) fn select_all_keys() -> Statement {
    Statement::new().sql(SELECT_KEYS).sql(" ORDER BY name, scope, purpose, version")
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
