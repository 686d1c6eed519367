//! What stands in encrypted columns, counted by SQL alone: no key is needed, and no value leaves the database.
//!
//! The registry is believed as it stands: nothing is written by what it says.

use std::collections::BTreeMap;

use diesel_encrypted_core::{
    Algorithm, Storage,
    format::text,
    keys::{KeyState, RegistryRow},
};

use super::{
    MaintenanceConnection, MaintenanceError,
    connection::{GroupColumns, RegisteredColumns},
    header::Header,
    patience::patiently,
    table::{self, Table},
};
use crate::{backend::Dialect, store::statement::Statement};

/// What one encrypted column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnStatus {
    /// The field's id.
    pub field: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Whether the database has no such table or column: dropped, or renamed. All else is 0 or empty then.
    pub missing: bool,
    /// Rows with NULL.
    pub null: u64,
    /// Rows with anything that does not have the form of a sealed value.
    pub plaintext: u64,
    /// The bytes, or characters' bytes, of those.
    pub plaintext_bytes: u64,
    /// Sealed rows by key and algorithm.
    pub keys: Vec<KeyCount>,
    /// The blind indexes, in the order of their slots.
    pub indexes: Vec<IndexCount>,
}

/// The values of a column under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyCount {
    /// The key that they name.
    pub key_id: u32,
    /// Whether it is a user's or a group's, and not the application's.
    pub user_key: bool,
    /// The state of that key. `None` if `encryption_keys` does not have it.
    pub state: Option<KeyState>,
    /// By what they are sealed. `None` if no version that is known writes it.
    pub algorithm: Option<Algorithm>,
    /// How many there are.
    pub rows: u64,
    /// Their length in bytes, or in characters of a text column.
    pub bytes: u64,
    /// The SQL that counts the values of this key, whatever the algorithm.
    pub query: String,
}

/// The tags of one blind index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexCount {
    /// The index.
    pub name: String,
    /// Rows by the generation of their tag; 0 for rows without one. Those under a user's or a group's key, whose tags are made
    /// by that, are left out.
    pub generations: BTreeMap<u8, u64>,
    /// The SQL that counts the rows of each generation.
    pub queries: BTreeMap<u8, String>,
    /// The generations that make tags now: one for each scope that has keys.
    pub active: Vec<u8>,
}

impl ColumnStatus {
    /// Sealed rows.
    #[must_use]
    pub fn sealed(&self) -> u64 {
        self.keys.iter().map(|key| key.rows).sum()
    }

    /// Of the rows that are not NULL, how many are sealed, in percent. 100 if there are none.
    #[must_use]
    pub fn percent_sealed(&self) -> f64 {
        percent(self.sealed(), self.sealed() + self.plaintext)
    }

    /// Of the rows that are sealed by the application's keys, how many are under an active one, in percent.
    #[must_use]
    pub fn percent_active(&self) -> f64 {
        let of_application = || self.keys.iter().filter(|key| !key.user_key);
        let active = of_application().filter(|key| key.state == Some(KeyState::Active));
        percent(active.map(|key| key.rows).sum(), of_application().map(|key| key.rows).sum())
    }
}

impl IndexCount {
    /// Of the sealed rows, how many have a tag of an active generation, in percent.
    #[must_use]
    pub fn percent_active(&self) -> f64 {
        let active = self.generations.iter().filter(|(generation, _)| self.active.contains(generation));
        percent(active.map(|(_, rows)| rows).sum(), self.generations.values().sum())
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a percentage")]
    let share = 100.0 * part as f64 / whole as f64;
    if whole == 0 { 100.0 } else { share }
}

/// Counts what every registered column holds: one statement for each column, and one for each blind index, which read the
/// whole table each. Needs no key. A column that the database does not have is reported as missing.
///
/// # Errors
/// [`MaintenanceError`] if the database fails.
pub fn status<C: MaintenanceConnection>(connection: &mut C) -> Result<Vec<ColumnStatus>, MaintenanceError> {
    let dialect = table::dialect(connection)?;
    let rows = registry(connection)?;
    let keys = keys(connection)?;
    rows.iter().map(|row| column(connection, dialect, row, &keys)).collect()
}

pub(super) fn registry<C: MaintenanceConnection>(connection: &mut C) -> Result<Vec<RegistryRow>, MaintenanceError> {
    let select = "SELECT field_id, table_name, column_name, storage, indexes FROM encrypted_columns \
                  ORDER BY table_name, column_name";
    let rows = patiently(connection, |connection| connection.registered(Statement::new().sql(select)))?;
    let row = |(field_id, table, column, storage, indexes): RegisteredColumns| {
        let mut row = RegistryRow::new(String::from_utf8_lossy(&field_id).into_owned(), table, column);
        row.storage = storage;
        row.indexes = indexes;
        row
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Names of keys, what tells two of a name apart, and their states.
struct Keys {
    encrypt: Vec<GroupColumns>,
    index: Vec<GroupColumns>,
}

fn keys<C: MaintenanceConnection>(connection: &mut C) -> Result<Keys, MaintenanceError> {
    let mut select =
        |sql: &'static str| patiently(connection, |connection| connection.groups(Statement::new().sql(sql)));
    Ok(Keys {
        encrypt: select("SELECT name, key_id, state FROM encryption_keys WHERE purpose = 1")?,
        index: select("SELECT name, version, state FROM encryption_keys WHERE purpose = 2")?,
    })
}

fn column<C: MaintenanceConnection>(
    connection: &mut C,
    dialect: Dialect,
    row: &RegistryRow,
    keys: &Keys,
) -> Result<ColumnStatus, MaintenanceError> {
    let mut status = ColumnStatus {
        field: row.field_id.clone(),
        table: row.table.clone(),
        column: row.column.clone(),
        missing: false,
        null: 0,
        plaintext: 0,
        plaintext_bytes: 0,
        keys: Vec::new(),
        indexes: Vec::new(),
    };
    let table = match Table::of(connection, dialect, &row.table) {
        Err(MaintenanceError::NoTable { .. }) => return Ok(ColumnStatus { missing: true, ..status }),
        table => table?,
    };
    let Ok(column) = table.column(&row.column) else { return Ok(ColumnStatus { missing: true, ..status }) };
    let storage = if row.storage == Storage::Text.name() { Storage::Text } else { Storage::Binary };
    let header = Header::new(&table, column, storage);

    let kind = format!(
        "CASE WHEN {0} IS NULL THEN {1} WHEN NOT ({2}) THEN {3} ELSE {4} END",
        header.column(),
        header.literal(&[]),
        header.is_sealed(),
        header.literal(&[0]),
        header.tail()
    );
    let mut by_key: BTreeMap<(bool, u32, u8), (u64, u64)> = BTreeMap::new();
    for (kind, rows, bytes) in grouped(connection, &table, &kind, &table.length(column), "")? {
        match kind.as_slice() {
            [] => status.null += rows,
            [_] => {
                status.plaintext += rows;
                status.plaintext_bytes += bytes;
            }
            tail => {
                let (rows_before, bytes_before) = by_key.entry(key_and_algorithm(storage, tail)).or_default();
                *rows_before += rows;
                *bytes_before += bytes;
            }
        }
    }
    status.keys = by_key
        .into_iter()
        .map(|((user_key, key_id, algorithm), (rows, bytes))| {
            let algorithm = Algorithm::from_u8(algorithm);
            let state = if user_key { None } else { state_of(&keys.encrypt, key_id) };
            let query = counting(&table, &header.case(&header.is_under(&[key_id], user_key), "false"));
            KeyCount { key_id, user_key, state, algorithm, rows, bytes, query }
        })
        .collect();

    for (slot, (name, domain)) in row.index_domains().into_iter().enumerate() {
        let mut generations: BTreeMap<u8, u64> = BTreeMap::new();
        let mut queries = BTreeMap::new();
        let sealed = header.case(&format!("NOT {}", header.is_of_holder()), "false");
        for (bytes, rows, _) in grouped(connection, &table, &header.generation(slot), "0", &sealed)? {
            let number = generation(storage, &bytes);
            *generations.entry(number).or_default() += rows;
            queries
                .entry(number)
                .or_insert_with(|| counting(&table, &header.case(&header.is_of(slot, number), "false")));
        }
        let is_active =
            |(name, _, state): &&GroupColumns| name == domain.as_bytes() && *state == i64::from(KeyState::Active as u8);
        let number = |version: i64| u8::try_from((version - 1) % 255 + 1).unwrap_or(0);
        let mut active: Vec<u8> = keys.index.iter().filter(is_active).map(|(_, version, _)| number(*version)).collect();
        active.sort_unstable();
        active.dedup();
        status.indexes.push(IndexCount { name, generations, queries, active });
    }
    Ok(status)
}

/// The SQL that counts the rows of which this is true.
fn counting(table: &Table, condition: &str) -> String {
    format!("SELECT count(*) FROM {} WHERE {condition}", table.sql())
}

/// Rows by `kind`, with their number and the sum of `length`.
fn grouped<C: MaintenanceConnection>(
    connection: &mut C,
    table: &Table,
    kind: &str,
    length: &str,
    only: &str,
) -> Result<Vec<(Vec<u8>, u64, u64)>, MaintenanceError> {
    let sum = match table.dialect {
        Dialect::Postgres => format!("coalesce(sum({length}), 0)::bigint"),
        Dialect::Sqlite => format!("coalesce(sum({length}), 0)"),
        Dialect::Mysql => format!("CAST(coalesce(sum({length}), 0) AS SIGNED)"),
    };
    let only = if only.is_empty() { String::new() } else { format!(" WHERE {only}") };
    let statement =
        Statement::new().made(format!("SELECT {kind} AS kind, count(*), {sum} FROM {}{only} GROUP BY 1", table.sql()));
    let rows = patiently(connection, |connection| connection.groups(statement.clone()))?;
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(rows.into_iter().map(|(kind, rows, bytes)| (kind, number(rows), number(bytes))).collect())
}

/// What [`Header::tail`] says.
fn key_and_algorithm(storage: Storage, tail: &[u8]) -> (bool, u32, u8) {
    let decoded = match storage {
        Storage::Binary => tail.to_vec(),
        Storage::Text => str::from_utf8(tail).ok().and_then(|tail| text::decode(tail).ok()).unwrap_or_default(),
    };
    match decoded.as_slice() {
        [algorithm, flags, a, b, c, d] => (flags & 4 != 0, u32::from_be_bytes([*a, *b, *c, *d]), *algorithm),
        _ => (false, 0, 0),
    }
}

/// What [`Header::generation`] says.
fn generation(storage: Storage, bytes: &[u8]) -> u8 {
    match storage {
        Storage::Binary => bytes.first().copied().unwrap_or(0),
        Storage::Text => {
            let group = str::from_utf8(bytes).ok().and_then(|two| text::decode(&format!("{two}AA")).ok());
            group.and_then(|bytes| bytes.first().copied()).unwrap_or(0)
        }
    }
}

fn state_of(keys: &[GroupColumns], key_id: u32) -> Option<KeyState> {
    let (.., state) = keys.iter().find(|(_, id, _)| *id == i64::from(key_id))?;
    KeyState::from_u8(u8::try_from(*state).ok()?)
}
