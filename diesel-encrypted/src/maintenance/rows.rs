//! The rows of a page, as they were read.

use std::ops::Range;

use super::{
    connection::{NumberedColumns, WalkedColumns},
    key::{self, Key},
};

/// The key of a row.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Number(i64),
    Packed(String),
}

impl Found {
    /// `None` if the database gave a key that is none.
    pub(super) fn key(self) -> Option<Key> {
        match self {
            Self::Number(number) => Some(Key::number(number)),
            Self::Packed(packed) => Key::parse(packed),
        }
    }
}

/// A row that needs work.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) key: Found,
    pub(super) value: Value,
    /// What it is bound to, packed.
    pub(super) owner: String,
    /// What stands beside it, if that is read and not NULL.
    pub(super) beside: Option<Vec<u8>>,
}

/// A value as it is stored: bytes, or UTF-8.
#[derive(Debug)]
pub(super) enum Value {
    /// It is long, and has to be read by itself.
    Long,
    /// It was.
    Whole(Vec<u8>),
    /// With the others.
    Short(Range<usize>),
}

/// Rows, and their values one behind the other: another thread takes one piece of memory, and not thousands.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    pub(super) values: Vec<u8>,
}

impl Rows {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { rows: Vec::with_capacity(rows), values: Vec::new() }
    }

    pub(super) fn push_walked(&mut self, (key, value, owner): WalkedColumns) {
        let value = self.short(value);
        let (owner, beside) = split(owner);
        self.rows.push(Row { key: Found::Packed(key), value, owner, beside });
    }

    pub(super) fn push_numbered(&mut self, (key, value): NumberedColumns) {
        let value = self.short(value);
        self.rows.push(Row { key: Found::Number(key), value, owner: String::new(), beside: None });
    }

    fn short(&mut self, value: Option<Vec<u8>>) -> Value {
        let Some(value) = value else { return Value::Long };
        let from = self.values.len();
        self.values.extend_from_slice(&value);
        Value::Short(from..self.values.len())
    }
}

impl Value {
    /// Its bytes, if they were read; `values` are those of its page.
    pub(super) fn of<'v>(&'v self, values: &'v [u8]) -> Option<&'v [u8]> {
        match self {
            Self::Long => None,
            Self::Whole(value) => Some(value),
            Self::Short(range) => values.get(range.clone()),
        }
    }

    pub(super) fn is_long(&self) -> bool {
        matches!(self, Self::Long)
    }

    /// The number of its bytes, if they were read.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Long => 0,
            Self::Whole(value) => value.len(),
            Self::Short(range) => range.len(),
        }
    }
}

impl Row {
    /// A row that was read by itself.
    pub(super) fn whole((key, value, owner): WalkedColumns) -> Self {
        let (owner, beside) = split(owner);
        Self { key: Found::Packed(key), value: value.map_or(Value::Long, Value::Whole), owner, beside }
    }
}

/// What a value is bound to, and what stands beside it.
fn split(owner: String) -> (String, Option<Vec<u8>>) {
    match owner.split_once(';') {
        Some((owner, beside)) => (owner.to_owned(), key::from_hex(beside)),
        None => (owner, None),
    }
}
