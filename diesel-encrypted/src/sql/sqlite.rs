//! SQLite's words.

use diesel_encrypted_core::{Field, Index, Storage};

use super::check::{self, Words};
use super::{expression, names};
use crate::backend::Dialect::Sqlite;

/// A schema stands before the index's name here, and not before the table's.
pub(super) fn create_index(field: &Field, slot: usize, index: &Index, unique: bool) -> String {
    let unique = if unique { "UNIQUE " } else { "" };
    let name = names::in_schema(Sqlite, field, &names::index(field, index));
    format!("CREATE {unique}INDEX {name} ON {} ({})", table(field), expression(Sqlite, field, slot))
}

pub(super) fn drop_index(field: &Field, index: &Index) -> String {
    format!("DROP INDEX {}", names::in_schema(Sqlite, field, &names::index(field, index)))
}

fn table(field: &Field) -> String {
    names::quoted(Sqlite, names::schema_and_table(field).1)
}

/// How this database asks the parts of a sealed value.
pub(super) fn words(column: &str, storage: Storage) -> Words {
    let length = format!("length({column})");
    match storage {
        // There is no function from a byte to its number: the second digit of the second byte, which is at most 15.
        Storage::Binary => {
            let slots = format!("instr('123456789ABCDEF', substr(hex(substr({column}, 2, 1)), 2))");
            Words {
                length,
                begins: format!("typeof({column}) = 'blob' AND hex(substr({column}, 1, 3)) GLOB 'E10[0-9A-F]00'"),
                algorithm: format!("substr({column}, 4 + 15 * {slots}, 1)"),
                slots,
                number: |algorithm| format!("x'{:02X}'", algorithm as u8),
            }
        }
        Storage::Text => {
            let slots = format!("instr('{}', substr({column}, 3, 1))", check::text_slots());
            Words {
                begins: format!(
                    "typeof({column}) = 'text' AND substr({column}, 1, 4) IN ({})\n      \
                     AND {column} NOT GLOB '*{}*' AND {length} % 4 <> 1",
                    check::text_beginnings(),
                    check::OUTSIDE_OF_TEXT
                ),
                length,
                algorithm: format!(
                    "(instr('{}', substr({column}, 5 + 20 * {slots}, 2)) + {}) / {}",
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

/// Triggers: SQLite adds no constraint to a table that exists.
pub(super) fn guards(field: &Field) -> Vec<String> {
    let column = names::quoted(Sqlite, field.column());
    let new = format!("NEW.{column}");
    let sealed = check::is_sealed(&words(&new, field.storage()), field.storage());
    let message =
        format!("{}.{}: not a sealed value, but one written without diesel-encrypted", field.table(), field.column())
            .replace('\'', "''");
    let guard = |suffix: &str, event: &str| {
        format!(
            "CREATE TRIGGER {} BEFORE {event} ON {}\nWHEN {new} IS NOT NULL AND NOT (\n  {sealed}\n)\n\
             BEGIN SELECT RAISE(ABORT, '{message}'); END",
            names::in_schema(Sqlite, field, &names::named(field, suffix)),
            table(field)
        )
    };
    vec![guard("sealed_insert", "INSERT"), guard("sealed_update", &format!("UPDATE OF {column}"))]
}

pub(super) fn drop_guards(field: &Field) -> Vec<String> {
    ["sealed_insert", "sealed_update"]
        .map(|suffix| format!("DROP TRIGGER {}", names::in_schema(Sqlite, field, &names::named(field, suffix))))
        .into()
}
