//! The key of a row, as one text: what a walk goes by, a checkpoint keeps and a report names.
//!
//! `i42,t616461` is the number 42 and the text `ada`: a letter for what it is, then digits, or hexadecimal digits of bytes
//! or of UTF-8; the columns of a composite key are separated by commas.

use std::fmt;

use diesel_encrypted_core::{Class, EncodeError, Owner};

use super::{
    MaintenanceError,
    table::{Column, Kind, Table},
};
use crate::{
    backend::Dialect,
    store::{array::Array, statement::Statement},
};

/// One column of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Signed(i64),
    Unsigned(u64),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
    Uuid([u8; 16]),
}

/// The key of a row, or other columns that identify something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    packed: String,
    parts: Vec<Part>,
}

/// SQL that packs these columns of a row, and NULL if one of them is NULL or of a type that no key has.
pub(super) fn pack(table: &Table, columns: &[&Column]) -> String {
    let parts: Vec<String> = columns.iter().map(|column| pack_one(table, column)).collect();
    match table.dialect {
        Dialect::Mysql => format!("CONCAT_WS(',', {})", parts.join(", ")),
        Dialect::Sqlite | Dialect::Postgres => parts.join(" || ',' || "),
    }
}

fn pack_one(table: &Table, column: &Column) -> String {
    let name = table.quoted(&column.name);
    let letter = match column.kind {
        Kind::Dynamic | Kind::Text | Kind::Other | Kind::Instant => 't',
        Kind::Bool => 'o',
        Kind::Signed => 'i',
        Kind::Unsigned => 'u',
        Kind::Bytes => 'b',
        Kind::Uuid => 'g',
    };
    match (table.dialect, column.kind) {
        (Dialect::Sqlite, Kind::Bool) => format!("'o' || {name}"),
        (Dialect::Sqlite, _) => format!(
            "CASE typeof({name}) WHEN 'integer' THEN 'i' || {name} WHEN 'text' THEN 't' || hex({name}) \
             WHEN 'blob' THEN 'b' || hex({name}) END"
        ),
        (Dialect::Postgres, Kind::Bool) => format!("'o' || {name}::int::text"),
        (Dialect::Postgres, Kind::Signed | Kind::Uuid) => format!("'{letter}' || {name}::text"),
        (Dialect::Postgres, Kind::Bytes) => format!("'b' || encode({name}, 'hex')"),
        (Dialect::Postgres, _) => format!("'{letter}' || encode(convert_to({name}::text, 'UTF8'), 'hex')"),
        (Dialect::Mysql, Kind::Bytes) => format!("CONCAT('b', HEX({name}))"),
        (Dialect::Mysql, Kind::Text) => format!("CONCAT('t', HEX(CONVERT({name} USING utf8mb4)))"),
        (Dialect::Mysql, Kind::Other) => format!("CONCAT('t', HEX(CAST({name} AS CHAR)))"),
        (Dialect::Mysql, _) => format!("CONCAT('{letter}', {name})"),
    }
}

impl Key {
    /// Reads what [`pack`] made. `None` if it is anything else.
    pub(super) fn parse(packed: String) -> Option<Self> {
        let parts = packed.split(',').map(Part::parse).collect::<Option<_>>()?;
        Some(Self { packed, parts })
    }

    /// The key of values as a model encodes them, for the columns of that key.
    pub(super) fn of(values: &[(Class, Vec<u8>)], columns: &[&Column]) -> Result<Self, MaintenanceError> {
        let parts: Option<Vec<Part>> =
            values.iter().zip(columns).map(|((class, encoded), column)| Part::of(*class, encoded, column)).collect();
        let parts = parts.filter(|parts| parts.len() == columns.len() && parts.len() == values.len());
        let parts = parts.ok_or(MaintenanceError::Key)?;
        Ok(Self { packed: parts.iter().map(Part::packed).collect::<Vec<_>>().join(","), parts })
    }

    /// The key of one number.
    pub(super) fn number(number: i64) -> Self {
        Self { packed: format!("i{number}"), parts: vec![Part::Signed(number)] }
    }

    /// As it is kept in a checkpoint.
    pub(super) fn packed(&self) -> &str {
        &self.packed
    }

    /// Binds the part of this place as a value that compares with `column`.
    pub(super) fn bind(&self, statement: Statement, table: &Table, place: usize, column: &Column) -> Statement {
        let Some(part) = self.parts.get(place) else { return statement.sql("NULL") };
        match (part, table.dialect) {
            (Part::Signed(number), _) => statement.number(*number),
            (Part::Unsigned(number), _) => statement.sql("CAST(").text(&number.to_string()).sql(" AS UNSIGNED)"),
            (Part::Bool(truth), Dialect::Postgres) => statement.sql(if *truth { "true" } else { "false" }),
            (Part::Bool(truth), _) => statement.number(i64::from(*truth)),
            (Part::Bytes(bytes), _) => statement.bytes(bytes),
            (Part::Text(text), Dialect::Postgres) if column.kind != Kind::Text => {
                statement.sql("CAST(").text(text).made(format!(" AS {})", column.declared))
            }
            (Part::Text(text), _) => statement.text(text),
            (Part::Uuid(bytes), _) => statement.sql("CAST(").text(&hyphenated(bytes)).sql(" AS UUID)"),
        }
    }

    /// The parts of this place of several keys, which [`bind`](Self::bind) binds one by one: on PostgreSQL, text where the
    /// column is neither a number nor bytes. `None` if one is of another kind than the column.
    pub(super) fn array<'k>(keys: impl Iterator<Item = &'k Self>, place: usize, column: &Column) -> Option<Array> {
        let parts = keys.map(|key| key.parts.get(place));
        Some(match column.kind {
            Kind::Signed => Array::Numbers(
                parts
                    .map(|part| match part {
                        Some(Part::Signed(number)) => Some(*number),
                        _ => None,
                    })
                    .collect::<Option<_>>()?,
            ),
            Kind::Bytes => Array::Bytes(
                parts
                    .map(|part| match part {
                        Some(Part::Bytes(bytes)) => Some(bytes.clone()),
                        _ => None,
                    })
                    .collect::<Option<_>>()?,
            ),
            _ => Array::Texts(
                parts
                    .map(|part| match part {
                        Some(Part::Text(text)) => Some(text.clone()),
                        Some(Part::Bool(truth)) => Some(truth.to_string()),
                        Some(Part::Uuid(bytes)) => Some(hyphenated(bytes)),
                        Some(Part::Signed(number)) => Some(number.to_string()),
                        Some(Part::Unsigned(number)) => Some(number.to_string()),
                        Some(Part::Bytes(_)) | None => None,
                    })
                    .collect::<Option<_>>()?,
            ),
        })
    }

    /// What a value that is bound to these columns is bound to.
    ///
    /// A number, a text, bytes, a truth value or a UUID is what the model's types for such columns are.
    pub(super) fn owner(&self) -> Result<Owner, EncodeError> {
        let mut owner: Option<Owner> = None;
        for part in &self.parts {
            owner = Some(match part {
                Part::Signed(number) => with(owner, number),
                Part::Unsigned(number) => with(owner, number),
                Part::Bool(truth) => with(owner, truth),
                Part::Text(text) => with(owner, text),
                Part::Bytes(bytes) => with(owner, bytes),
                Part::Uuid(bytes) => match owner {
                    None => Owner::of_uuid(*bytes),
                    Some(owner) => owner.and_uuid(*bytes),
                },
            }?);
        }
        owner.ok_or(EncodeError::Null)
    }
}

fn with<V: diesel_encrypted_core::Encode>(owner: Option<Owner>, id: &V) -> Result<Owner, EncodeError> {
    match owner {
        None => Owner::of(id),
        Some(owner) => owner.and(id),
    }
}

impl Part {
    /// `None` for a class that no key has.
    fn of(class: Class, encoded: &[u8], column: &Column) -> Option<Self> {
        Some(match class {
            Class::Signed => Self::Signed(i64::from_be_bytes(encoded.try_into().ok()?)),
            Class::Unsigned => {
                let number = u64::from_be_bytes(encoded.try_into().ok()?);
                i64::try_from(number).map_or(Self::Unsigned(number), Self::Signed)
            }
            Class::Bool => Self::Bool(encoded == [1]),
            Class::Text => Self::Text(str::from_utf8(encoded).ok()?.to_owned()),
            Class::Uuid if column.kind == Kind::Uuid => Self::Uuid(encoded.try_into().ok()?),
            Class::Uuid | Class::Bytes => Self::Bytes(encoded.to_vec()),
            _ => return None,
        })
    }

    fn packed(&self) -> String {
        match self {
            Self::Signed(number) => format!("i{number}"),
            Self::Unsigned(number) => format!("u{number}"),
            Self::Bool(truth) => format!("o{}", u8::from(*truth)),
            Self::Text(text) => format!("t{}", to_hex(text.as_bytes())),
            Self::Bytes(bytes) => format!("b{}", to_hex(bytes)),
            Self::Uuid(bytes) => format!("g{}", hyphenated(bytes)),
        }
    }

    fn parse(packed: &str) -> Option<Self> {
        let (letter, rest) = packed.split_at_checked(1)?;
        Some(match letter {
            "i" => Self::Signed(rest.parse().ok()?),
            "u" => Self::Unsigned(rest.parse().ok()?),
            "o" => Self::Bool(rest != "0"),
            "t" => Self::Text(String::from_utf8(from_hex(rest)?).ok()?),
            "b" => Self::Bytes(from_hex(rest)?),
            "g" => Self::Uuid(from_hex(&rest.replace('-', ""))?.try_into().ok()?),
            _ => return None,
        })
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

fn hyphenated(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        text.push_str(if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" });
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// As a report names it: `42`, `'ada', 3`, `x'00ff'`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.parts.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { ", " })?;
            match part {
                Part::Signed(number) => write!(f, "{number}"),
                Part::Unsigned(number) => write!(f, "{number}"),
                Part::Bool(truth) => write!(f, "{truth}"),
                Part::Text(text) => write!(f, "'{}'", text.escape_debug()),
                Part::Bytes(bytes) => {
                    f.write_str("x'")?;
                    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                    f.write_str("'")
                }
                Part::Uuid(bytes) => f.write_str(&hyphenated(bytes)),
            }?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_key_is_read_and_shown() {
        for (packed, shown) in [
            ("i-42", "-42"),
            ("u18446744073709551615", "18446744073709551615"),
            ("t616461,i3", "'ada', 3"),
            ("t,b", "'', x''"),
            ("b00FF", "x'00ff'"),
            ("g00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeeff"),
        ] {
            let key = Key::parse(packed.to_owned()).unwrap();
            assert_eq!((key.to_string().as_str(), key.packed()), (shown, packed));
        }
        for bad in ["", "42", "x42", "t6", "tzz", "i", "i1,", "tff", "é1"] {
            assert_eq!(Key::parse(bad.to_owned()), None, "{bad:?}");
        }
    }

    #[test]
    fn an_owner_is_what_the_models_types_make_of_the_columns() {
        let owner = |packed: &str| Key::parse(packed.to_owned()).unwrap().owner();
        assert_eq!(owner("i42"), Owner::of(&42_i32));
        assert_eq!(owner("i42,t616461"), Owner::of(&42_i64).and_then(|owner| owner.and("ada")));
        assert_eq!(owner("u42,b6164"), Owner::of(&42_u32).and_then(|owner| owner.and(&b"ad"[..])));
    }
}
