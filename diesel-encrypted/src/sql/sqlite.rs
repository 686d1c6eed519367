//! SQLite's words.

use diesel_encrypted_core::{Field, Index, Storage};

use super::check;

/// Quotes an identifier as Diesel does for SQLite, so that an index on an expression is found again.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Schema and table, quoted each.
fn table(field: &Field) -> String {
    field.table().split('.').map(quoted).collect::<Vec<_>>().join(".")
}

/// A name of ours: table, column and what it is for.
fn named(field: &Field, suffix: &str) -> String {
    quoted(&format!("{}_{}_{suffix}", field.table().replace('.', "_"), field.column()))
}

/// The slot as searches write it: with offsets as literals, or SQLite does not see that it is the index's expression.
fn slot(field: &Field, slot: usize) -> String {
    let (start, len) = match field.storage() {
        Storage::Binary => (4 + 15 * slot, 15),
        Storage::Text => (5 + 20 * slot, 20),
    };
    format!("substr({}, {start}, {len})", quoted(field.column()))
}

pub(super) fn create_index(field: &Field, at: usize, index: &Index, unique: bool) -> String {
    let unique = if unique { "UNIQUE " } else { "" };
    format!("CREATE {unique}INDEX {} ON {} ({})", named(field, index.name()), table(field), slot(field, at))
}

pub(super) fn drop_index(field: &Field, index: &Index) -> String {
    format!("DROP INDEX {}", named(field, index.name()))
}

/// True for what has the form of a sealed value, false for anything else that is not NULL.
fn is_sealed(column: &str, storage: Storage) -> String {
    match storage {
        Storage::Binary => {
            // SQLite has no function from a byte to its number: the second digit of the second byte, which is at most 15.
            let slots = format!("(instr('0123456789ABCDEF', substr(hex(substr({column}, 2, 1)), 2)) - 1)");
            let shortest = check::shortest().map(|(algorithm, len)| format!("WHEN x'{algorithm:02X}' THEN {len} "));
            let shortest: String = shortest.collect();
            format!(
                "typeof({column}) = 'blob' AND hex(substr({column}, 1, 3)) GLOB 'E10[0-9A-F]00'\n  \
                 AND length({column}) - 15 * {slots}\n    \
                 >= CASE substr({column}, 4 + 15 * {slots}, 1) {shortest}ELSE length({column}) + 1 END"
            )
        }
        Storage::Text => {
            let beginnings: Vec<String> = check::text_beginnings().map(|text| format!("'{text}'")).collect();
            let shortest = check::shortest().map(|(_, len)| len).min().unwrap_or_default();
            format!(
                "typeof({column}) = 'text' AND length({column}) >= {1} AND substr({column}, 1, 4) IN ({0})\n  \
                 AND {column} NOT GLOB '*[^A-Za-z0-9_-]*'",
                beginnings.join(", "),
                (shortest * 4).div_ceil(3)
            )
        }
    }
}

pub(super) fn check(field: &Field) -> String {
    let column = quoted(field.column());
    let sealed = is_sealed(&column, field.storage());
    format!("CONSTRAINT {} CHECK ({column} IS NULL OR ({sealed}))", named(field, "sealed"))
}

pub(super) fn guards(field: &Field) -> [String; 2] {
    let column = quoted(field.column());
    let new = format!("NEW.{column}");
    let sealed = is_sealed(&new, field.storage());
    let message =
        format!("{}.{}: not a sealed value, but one written without diesel-encrypted", field.table(), field.column())
            .replace('\'', "''");
    let guard = |suffix: &str, event: &str| {
        format!(
            "CREATE TRIGGER {} BEFORE {event} ON {}\nWHEN {new} IS NOT NULL AND NOT (\n  {sealed}\n)\n\
             BEGIN SELECT RAISE(ABORT, '{message}'); END",
            named(field, suffix),
            table(field)
        )
    };
    [guard("sealed_insert", "INSERT"), guard("sealed_update", &format!("UPDATE OF {column}"))]
}

pub(super) fn drop_guards(field: &Field) -> [String; 2] {
    ["sealed_insert", "sealed_update"].map(|suffix| format!("DROP TRIGGER {}", named(field, suffix)))
}
