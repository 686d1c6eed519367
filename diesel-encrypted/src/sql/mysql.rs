//! The words of MySQL and MariaDB.
//!
//! Neither finds an index by the expression that a query has (MariaDB has no index on an expression), so each slot that is
//! searched has a generated column, which searches name. It is VIRTUAL, so that adding it rewrites no row and its 15 bytes
//! are in the index alone, and INVISIBLE, so that `SELECT *` and an `INSERT` without a list of columns do not meet it.
//!
//! A key over a prefix of the sealed column would need no such column, and would do less. The tag's place in such a key is
//! behind the number of slots, which differs between rows from before and after an index was declared: a search would be
//! a range for each number, `UNIQUE` would let equal values pass in rows of different numbers, a join could not use it, and
//! it reaches the first slot only.

use diesel_encrypted_core::{Field, Index, Storage};

use super::check::{self, Words};
use super::{expression, names};
use crate::backend::Dialect::Mysql;

/// The name of the generated column that searches of this slot name.
pub(crate) fn generated_column(field: &Field, slot: usize) -> String {
    names::tag_column(field.column(), slot)
}

/// `ALTER TABLE .. ADD COLUMN ..`: makes it.
pub(crate) fn add_generated_column(field: &Field, slot: usize) -> String {
    format!(
        "ALTER TABLE {} ADD COLUMN {} VARBINARY({}) GENERATED ALWAYS AS ({}) VIRTUAL INVISIBLE",
        names::table(Mysql, field),
        tag_column(field, slot),
        check::slot_len(field.storage()),
        tag(field, slot)
    )
}

/// The tag as bytes. A column of text is read by characters and compared by its collation; the second `substr` keeps what
/// is not sealed yet, with characters of several bytes, within the width.
fn tag(field: &Field, slot: usize) -> String {
    let expression = expression(Mysql, field, slot);
    match field.storage() {
        Storage::Binary => expression,
        Storage::Text => format!("substr(CAST({expression} AS BINARY), 1, {})", check::slot_len(Storage::Text)),
    }
}

fn tag_column(field: &Field, slot: usize) -> String {
    names::quoted(Mysql, &generated_column(field, slot))
}

pub(super) fn create_index(field: &Field, slot: usize, index: &Index, unique: bool) -> [String; 2] {
    let create = format!(
        "CREATE {}INDEX {} ON {} ({})",
        if unique { "UNIQUE " } else { "" },
        names::quoted(Mysql, &names::index(field, index)),
        names::table(Mysql, field),
        tag_column(field, slot)
    );
    [add_generated_column(field, slot), create]
}

/// The index goes with its column.
pub(super) fn drop_index(field: &Field, slot: usize) -> String {
    format!("ALTER TABLE {} DROP COLUMN {}", names::table(Mysql, field), tag_column(field, slot))
}

/// How this database asks the parts of a sealed value.
pub(super) fn words(column: &str, storage: Storage) -> Words {
    let length = format!("length({column})");
    match storage {
        Storage::Binary => {
            let slots = format!("ascii(substr({column}, 2, 1))");
            Words {
                length,
                begins: format!(
                    "hex(substr({column}, 1, 2)) BETWEEN 'E100' AND 'E10F' AND hex(substr({column}, 3, 1)) = '00'"
                ),
                algorithm: format!("ascii(substr({column}, 4 + 15 * {slots}, 1))"),
                slots,
                number: |algorithm| (algorithm as u8).to_string(),
            }
        }
        // As bytes, whatever the collation. As many bytes as characters: ASCII, for an expression that ignores case takes
        // some other letters for theirs.
        Storage::Text => {
            let slots = format!("instr('{}', CAST(substr({column}, 3, 1) AS BINARY))", check::text_slots());
            Words {
                begins: format!(
                    "CAST(substr({column}, 1, 4) AS BINARY) IN ({})\n      AND {length} = char_length({column}) \
                     AND {column} NOT REGEXP '{}' AND {length} % 4 <> 1",
                    check::text_beginnings(),
                    check::OUTSIDE_OF_TEXT
                ),
                length,
                algorithm: format!(
                    "(instr('{}', CAST(substr({column}, 5 + 20 * {slots}, 2) AS BINARY)) + {}) DIV {}",
                    check::text_algorithms(),
                    check::PAIRS - 1,
                    check::PAIRS
                ),
                slots,
                number: |algorithm| (algorithm as u8).to_string(),
            }
        }
    }
}
