//! The two tables. Ids, names and scopes are byte columns, so that no collation merges two tenants, and nothing is NULL,
//! so that UNIQUE holds.

/// What makes the tables, one statement each. `active_slot` is 0 for the active key of a name and the key's own id for
/// every other, so that UNIQUE admits one active key.
pub(super) const CREATE: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS encryption_keys (
    key_id BIGINT NOT NULL PRIMARY KEY,
    application BLOB NOT NULL,
    purpose BIGINT NOT NULL,
    name BLOB NOT NULL,
    scope BLOB NOT NULL,
    version BIGINT NOT NULL,
    state BIGINT NOT NULL,
    active_slot BIGINT NOT NULL,
    index_spec TEXT NOT NULL,
    root_id BLOB NOT NULL,
    root_fingerprint BLOB NOT NULL,
    wrapped BLOB NOT NULL,
    check_value BLOB NOT NULL,
    mac BLOB NOT NULL,
    UNIQUE (purpose, name, scope, version),
    UNIQUE (purpose, name, scope, active_slot)
)",
    "CREATE TABLE IF NOT EXISTS encrypted_columns (
    field_id BLOB NOT NULL PRIMARY KEY,
    table_name TEXT NOT NULL,
    column_name TEXT NOT NULL,
    storage TEXT NOT NULL,
    value_class BIGINT NOT NULL,
    primary_key TEXT NOT NULL,
    indexes TEXT NOT NULL,
    options TEXT NOT NULL,
    mac BLOB NOT NULL
)",
];

/// What removes them, and with them every value they hold the keys of.
pub(super) const DROP: [&str; 2] = ["DROP TABLE encryption_keys", "DROP TABLE encrypted_columns"];

/// In the order of [`super::connection::KeyColumns`].
pub(super) const SELECT_KEYS: &str = "SELECT key_id, application, purpose, name, scope, version, state, active_slot, \
                                      index_spec, root_id, root_fingerprint, wrapped, check_value, mac \
                                      FROM encryption_keys";

/// In the order of [`super::connection::FieldColumns`].
pub(super) const SELECT_FIELDS: &str = "SELECT field_id, table_name, column_name, storage, value_class, primary_key, \
                                        indexes, options, mac FROM encrypted_columns";
