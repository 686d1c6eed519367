//! PostgreSQL's words.

use diesel_encrypted_core::{Field, Index, Storage};

use super::check::{self, Words};
use super::{expression, names};
use crate::backend::Dialect::Postgres;

pub(super) fn create_index(field: &Field, slot: usize, index: &Index, unique: bool, concurrently: bool) -> String {
    format!(
        "CREATE {}INDEX {}{} ON {} ({})",
        if unique { "UNIQUE " } else { "" },
        if concurrently { "CONCURRENTLY " } else { "" },
        names::quoted(Postgres, &names::index(field, index)),
        names::table(Postgres, field),
        expression(Postgres, field, slot)
    )
}

/// An index is in the schema of its table.
pub(super) fn drop_index(field: &Field, index: &Index, concurrently: bool) -> String {
    format!(
        "DROP INDEX {}{}",
        if concurrently { "CONCURRENTLY " } else { "" },
        names::in_schema(Postgres, field, &names::index(field, index))
    )
}

/// How this database asks the parts of a sealed value.
pub(super) fn words(column: &str, storage: Storage) -> Words {
    let length = format!("octet_length({column})");
    match storage {
        Storage::Binary => {
            let slots = format!("get_byte({column}, 1)");
            Words {
                begins: format!(
                    "get_byte({column}, 0) = 225 AND get_byte({column}, 1) <= 15 AND get_byte({column}, 2) = 0"
                ),
                algorithm: format!("substr({column}, 4 + 15 * {slots}, 1)"),
                length,
                slots,
                number: |algorithm| format!("'\\x{:02x}'::bytea", algorithm as u8),
            }
        }
        Storage::Text => {
            let slots = format!("strpos('{}', substr({column}, 3, 1))", check::text_slots());
            Words {
                begins: format!(
                    "substr({column}, 1, 4) IN ({})\n      AND {column} COLLATE \"C\" !~ '{}' AND {length} % 4 <> 1",
                    check::text_beginnings(),
                    check::OUTSIDE_OF_TEXT
                ),
                length,
                algorithm: format!(
                    "(strpos('{}', substr({column}, 5 + 20 * {slots}, 2)) + {}) / {}",
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
