//! Questions to the header of a sealed value, as SQL: which rows need work is known without a key.

use diesel_encrypted_core::{Algorithm, Storage, format::text};

use super::table::{Column, Table};
use crate::{
    backend::Dialect,
    sql::{
        check::{self, Words},
        words,
    },
};

/// The column of a field.
pub struct Header<'t> {
    table: &'t Table,
    column: String,
    storage: Storage,
    words: Words,
}

impl<'t> Header<'t> {
    pub(super) fn new(table: &'t Table, column: &Column, storage: Storage) -> Self {
        let column = table.quoted(&column.name);
        let words = words(table.dialect, &column, storage);
        Self { table, column, storage, words }
    }

    /// The column, quoted.
    pub(super) fn column(&self) -> &str {
        &self.column
    }

    /// Whether it has the form of a sealed value. Asked of what is not NULL.
    pub(super) fn is_sealed(&self) -> String {
        check::is_sealed(&self.words, self.storage)
    }

    /// `sealed` for sealed values, `other` for anything else but NULL.
    pub(super) fn case(&self, sealed: &str, other: &str) -> String {
        format!(
            "CASE WHEN {} IS NULL THEN false WHEN NOT ({}) THEN {other} ELSE ({sealed}) END",
            self.column,
            self.is_sealed()
        )
    }

    /// Whether it is under one of these keys, of a user or a group or of the application. Asked of sealed values alone.
    pub(super) fn is_under(&self, keys: &[u32], user_key: bool) -> String {
        format!("({} AND {} {})", self.names(keys), if user_key { "" } else { "NOT" }, self.is_of_holder())
    }

    /// Whether its key is a user's or a group's, and not the application's. Asked of sealed values alone.
    pub(super) fn is_of_holder(&self) -> String {
        let slots = &self.words.slots;
        let flags = |from| format!("substr({}, {from} + 15 * {slots}, 1)", self.column);
        match (self.storage, self.table.dialect) {
            (Storage::Binary, Dialect::Sqlite) => format!("(substr(hex({}), 2) IN ('4', '5', '6', '7'))", flags(5)),
            (Storage::Binary, Dialect::Postgres) => format!("(get_byte({}, 4 + 15 * {slots}) & 4 <> 0)", self.column),
            (Storage::Binary, Dialect::Mysql) => format!("(ascii({}) & 4 <> 0)", flags(5)),
            // Algorithm, flags and key id are 8 characters: the third has four bits of the flags, and two of the key id.
            (Storage::Text, _) => {
                let third = |flags: u8, id: u8| text::encode(&[0, flags, id << 6]).chars().nth(2);
                let thirds = (4..=7).flat_map(|flags| (0..4).filter_map(move |id| third(flags, id)));
                format!("({})", self.character_in(&format!("7 + 20 * {slots}"), &thirds.collect::<String>()))
            }
        }
    }

    /// Whether it names one of these keys, whosever. Asked of sealed values alone.
    pub(super) fn names(&self, keys: &[u32]) -> String {
        if keys.is_empty() {
            return "false".to_owned();
        }
        let slots = &self.words.slots;
        match self.storage {
            Storage::Binary => {
                let literals: Vec<String> = keys.iter().map(|key| self.literal(&key.to_be_bytes())).collect();
                format!("substr({}, 6 + 15 * {slots}, 4) IN ({})", self.column, literals.join(", "))
            }
            // Algorithm, flags and key id are 8 characters: the key id is the last five, and two bits of the third.
            Storage::Text => {
                let each = keys.iter().map(|key| {
                    let [a, b, c, d] = key.to_be_bytes();
                    let group = |flags| text::encode(&[0, flags, a, b, c, d]);
                    let thirds: String = (0..=15).filter_map(|flags| group(flags).chars().nth(2)).collect();
                    format!(
                        "({} AND {})",
                        self.characters(&format!("8 + 20 * {slots}"), 5, group(0).get(3..).unwrap_or_default()),
                        self.character_in(&format!("7 + 20 * {slots}"), &thirds)
                    )
                });
                format!("({})", each.collect::<Vec<_>>().join(" OR "))
            }
        }
    }

    /// Whether it is sealed by another algorithm. Asked of sealed values alone.
    pub(super) fn is_not_by(&self, algorithm: Algorithm) -> String {
        format!("{} <> {}", self.words.algorithm, (self.words.number)(algorithm))
    }

    /// Whether it lacks slots, or one of them is of another generation than is wanted: 0 for an empty one. Asked of sealed
    /// values alone.
    pub(super) fn is_tagged_otherwise(&self, generations: &[u8]) -> String {
        let mut sql = format!("{} < {}", self.words.slots, generations.len());
        for (slot, generation) in generations.iter().enumerate() {
            sql.push_str(&format!(" OR NOT ({})", self.begins(slot, *generation)));
        }
        sql
    }

    /// Whether it is the application's, and has a tag of this generation in a slot; 0 for none. Asked of sealed values alone.
    pub(super) fn is_of(&self, slot: usize, generation: u8) -> String {
        let slots = &self.words.slots;
        let tagged = match generation {
            0 => format!("{slots} <= {slot} OR {}", self.begins(slot, generation)),
            _ => format!("{slots} > {slot} AND {}", self.begins(slot, generation)),
        };
        format!("NOT {} AND ({tagged})", self.is_of_holder())
    }

    /// Whether this generation stands where that of a slot would.
    fn begins(&self, slot: usize, generation: u8) -> String {
        match self.storage {
            Storage::Binary => {
                format!("substr({}, {}, 1) = {}", self.column, 4 + 15 * slot, self.literal(&[generation]))
            }
            // The generation is a slot's first character, and two bits of its second.
            Storage::Text => {
                let second = |tag: u8| text::encode(&[generation, tag << 4, 0]).chars().nth(1);
                let seconds: String = (0..=15_u8).filter_map(second).collect();
                let first = text::encode(&[generation, 0, 0]);
                format!(
                    "({} AND {})",
                    self.characters(&(5 + 20 * slot).to_string(), 1, first.get(..1).unwrap_or_default()),
                    self.character_in(&(6 + 20 * slot).to_string(), &seconds)
                )
            }
        }
    }

    /// Algorithm, flags and key id of a sealed value: 6 bytes, or the 8 characters that they are. As bytes.
    pub(super) fn tail(&self) -> String {
        let slots = &self.words.slots;
        match self.storage {
            Storage::Binary => format!("substr({}, 4 + 15 * {slots}, 6)", self.column),
            Storage::Text => self.as_bytes(&format!("substr({}, 5 + 20 * {slots}, 8)", self.column)),
        }
    }

    /// The first bytes of a slot: its generation, or the two characters that it begins. As bytes; empty if there is no such
    /// slot.
    pub(super) fn generation(&self, slot: usize) -> String {
        let slots = &self.words.slots;
        let generation = match self.storage {
            Storage::Binary => format!("substr({}, {}, 1)", self.column, 4 + 15 * slot),
            Storage::Text => self.as_bytes(&format!("substr({}, {}, 2)", self.column, 5 + 20 * slot)),
        };
        format!("CASE WHEN {slots} > {slot} THEN {generation} ELSE {} END", self.literal(&[]))
    }

    /// Bytes as a literal.
    pub(super) fn literal(&self, bytes: &[u8]) -> String {
        self.table.literal(bytes)
    }

    fn as_bytes(&self, expression: &str) -> String {
        match self.table.dialect {
            Dialect::Sqlite => format!("CAST({expression} AS BLOB)"),
            Dialect::Postgres => format!("convert_to({expression}, 'UTF8')"),
            Dialect::Mysql => format!("CAST({expression} AS BINARY)"),
        }
    }

    /// Whether these characters stand there, bytewise whatever the collation.
    fn characters(&self, place: &str, length: usize, characters: &str) -> String {
        let found = format!("substr({}, {place}, {length})", self.column);
        match self.table.dialect {
            Dialect::Sqlite => format!("{found} = '{characters}' COLLATE BINARY"),
            Dialect::Postgres => format!("{found} = '{characters}' COLLATE \"C\""),
            Dialect::Mysql => format!("CAST({found} AS BINARY) = '{characters}'"),
        }
    }

    /// Whether one of these characters stands there, bytewise.
    fn character_in(&self, place: &str, characters: &str) -> String {
        let found = format!("substr({}, {place}, 1)", self.column);
        match self.table.dialect {
            Dialect::Sqlite => format!("instr('{characters}', {found}) > 0"),
            Dialect::Postgres => format!("strpos('{characters}', {found} COLLATE \"C\") > 0"),
            Dialect::Mysql => format!("instr('{characters}', CAST({found} AS BINARY)) > 0"),
        }
    }
}
