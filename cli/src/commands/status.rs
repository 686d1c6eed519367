//! `status`.

use std::collections::BTreeMap;

use clap::Args;
use diesel_encrypted::maintenance::{ColumnStatus, IndexCount, KeyCount};
use serde::Serialize;

use crate::{
    context::Context,
    exit::{Exit, Result},
    output::table,
};

/// Count what every encrypted column holds: plaintext, sealed values by key, tags by generation. Needs no root key.
///
/// It reads whole tables, once for each column and once for each blind index. Keys that encryption_keys does not have are
/// `missing`, unless they are keys of users or groups, which are counted together; with --json, each. A column is `missing`
/// that the database does not have: rename it in the model, or `forget` it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted status
  diesel-encrypted status --json | jq '.[] | select(.plaintext > 0) | .column'")]
pub(crate) struct Status {}

#[derive(Serialize)]
struct Column {
    column: String,
    field: String,
    /// The database has no such column.
    missing: bool,
    null: u64,
    plaintext: u64,
    plaintext_bytes: u64,
    sealed: u64,
    sealed_bytes: u64,
    /// Of the values that are not NULL, how many are sealed.
    percent_sealed: f64,
    /// Of the sealed ones, how many are under an active key.
    percent_active: f64,
    keys: Vec<Key>,
    indexes: Vec<Index>,
}

#[derive(Clone, Serialize)]
struct Key {
    key_id: String,
    state: String,
    algorithm: String,
    rows: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct Index {
    name: String,
    /// Rows by generation; 0 for rows without a tag.
    generations: BTreeMap<u8, u64>,
    active: Vec<u8>,
    percent_active: f64,
}

impl Status {
    #[allow(clippy::unused_self, reason = "as every command")]
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let mut session = context.connect()?;
        context.inventory(&mut *session)?;
        let columns: Vec<Column> = session.status()?.iter().map(Column::new).collect();
        context.output.result(&columns, || text(&columns))?;
        Ok(Exit::Done)
    }
}

fn text(columns: &[Column]) -> String {
    let rows: Vec<_> = columns
        .iter()
        .map(|column| {
            if column.missing {
                return [&column.column, "-", "-", "-", "missing", "-"].map(str::to_owned);
            }
            [
                column.column.clone(),
                column.null.to_string(),
                column.plaintext.to_string(),
                column.sealed.to_string(),
                format!("{}%", percent(column.percent_sealed)),
                format!("{}%", percent(column.percent_active)),
            ]
        })
        .collect();
    let mut text = table(["COLUMN", "NULL", "PLAINTEXT", "SEALED", "DONE", "ACTIVE KEY"], &rows);
    let keys: Vec<_> = columns
        .iter()
        .flat_map(|column| column.told().into_iter().map(move |key| (column, key)))
        .map(|(column, key)| {
            [
                column.column.clone(),
                key.key_id.clone(),
                key.state.clone(),
                key.algorithm.clone(),
                key.rows.to_string(),
                key.bytes.to_string(),
            ]
        })
        .collect();
    if !keys.is_empty() {
        text.push('\n');
        text.push_str(&table(["COLUMN", "KEY", "STATE", "ALGORITHM", "ROWS", "BYTES"], &keys));
    }
    let indexes: Vec<_> =
        columns.iter().flat_map(|column| column.indexes.iter().flat_map(|index| index.cells(&column.column))).collect();
    if !indexes.is_empty() {
        text.push('\n');
        text.push_str(&table(["COLUMN", "INDEX", "GENERATION", "STATE", "ROWS"], &indexes));
    }
    text
}

/// Rounded down, so that 100 is all of them.
fn percent(percent: f64) -> String {
    let tenths = (percent * 10.0).floor() / 10.0;
    format!("{tenths}")
}

impl Column {
    fn new(status: &ColumnStatus) -> Self {
        Self {
            column: format!("{}.{}", status.table, status.column),
            field: status.field.clone(),
            missing: status.missing,
            null: status.null,
            plaintext: status.plaintext,
            plaintext_bytes: status.plaintext_bytes,
            sealed: status.sealed(),
            sealed_bytes: status.keys.iter().map(|key| key.bytes).sum(),
            percent_sealed: status.percent_sealed(),
            percent_active: status.percent_active(),
            keys: status.keys.iter().map(Key::new).collect(),
            indexes: status.indexes.iter().map(Index::new).collect(),
        }
    }

    /// The keys, those of users and groups in one line.
    fn told(&self) -> Vec<Key> {
        let (users, mut told): (Vec<&Key>, Vec<&Key>) = self.keys.iter().partition(|key| key.state == USERS);
        let sum = |of: fn(&Key) -> u64| users.iter().map(|key| of(key)).sum();
        let together = Key {
            key_id: format!("{} keys", users.len()),
            state: USERS.to_owned(),
            algorithm: String::new(),
            rows: sum(|key| key.rows),
            bytes: sum(|key| key.bytes),
        };
        told.extend((!users.is_empty()).then_some(&together));
        told.into_iter().cloned().collect()
    }
}

/// The state of keys that are not the application's.
const USERS: &str = "users'";

impl Key {
    fn new(count: &KeyCount) -> Self {
        let missing = if count.user_key { USERS } else { "missing" };
        Self {
            key_id: format!("{:08x}", count.key_id),
            state: count.state.map_or_else(|| missing.to_owned(), |state| state.to_string()),
            algorithm: count.algorithm.map_or("unknown", |algorithm| algorithm.name()).to_owned(),
            rows: count.rows,
            bytes: count.bytes,
        }
    }
}

impl Index {
    fn new(count: &IndexCount) -> Self {
        Self {
            name: count.name.clone(),
            generations: count.generations.clone(),
            active: count.active.clone(),
            percent_active: count.percent_active(),
        }
    }

    fn cells(&self, column: &str) -> Vec<[String; 5]> {
        let state = |generation: &u8| match generation {
            0 => "no tag",
            _ if self.active.contains(generation) => "active",
            _ => "old",
        };
        let each = self.generations.iter();
        each.map(|(generation, rows)| {
            [
                column.to_owned(),
                self.name.clone(),
                generation.to_string(),
                state(generation).to_owned(),
                rows.to_string(),
            ]
        })
        .collect()
    }
}
