//! The names that our SQL makes, the same on every database, and how each database quotes a name.

use diesel_encrypted_core::{Field, Index};

use crate::backend::Dialect;

/// The longest name in bytes that every database takes: PostgreSQL cuts a longer one, and MySQL refuses it.
const LONGEST: usize = 63;

/// An identifier, quoted as Diesel quotes it.
pub(crate) fn quoted(dialect: Dialect, name: &str) -> String {
    let quote = match dialect {
        Dialect::Postgres => "\"",
        Dialect::Sqlite | Dialect::Mysql => "`",
    };
    format!("{quote}{}{quote}", name.replace(quote, &quote.repeat(2)))
}

/// The schema, if the field's table names one, and the table.
pub(crate) fn schema_and_table(field: &Field) -> (Option<&str>, &str) {
    match field.table().split_once('.') {
        Some((schema, table)) => (Some(schema), table),
        None => (None, field.table()),
    }
}

/// `name` within the schema of the field's table, both quoted.
pub(crate) fn in_schema(dialect: Dialect, field: &Field, name: &str) -> String {
    match schema_and_table(field).0 {
        Some(schema) => format!("{}.{}", quoted(dialect, schema), quoted(dialect, name)),
        None => quoted(dialect, name),
    }
}

/// The field's table, with its schema, quoted.
pub(crate) fn table(dialect: Dialect, field: &Field) -> String {
    in_schema(dialect, field, schema_and_table(field).1)
}

/// The name of the index over a slot.
pub(crate) fn index(field: &Field, index: &Index) -> String {
    named(field, index.name())
}

/// A name of ours: table, column and what it is for.
pub(crate) fn named(field: &Field, suffix: &str) -> String {
    fitting(format!("{}_{}_{suffix}", field.table().replace('.', "_"), field.column()))
}

/// The generated column of a slot on MySQL and MariaDB.
///
/// It goes by the slot's number and not by the index's name, so that the type of a query alone determines its SQL, and a
/// cached statement is never another's.
pub(crate) fn tag_column(column: &str, slot: usize) -> String {
    fitting(format!("{column}_tag_{slot}"))
}

/// `name`, or as much of it as fits before a digest of all of it.
fn fitting(name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    // FNV-1a: two names are told apart, and nobody gains by making them collide.
    let digest = name.bytes().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let kept = (0..=LONGEST - 9).rev().find_map(|kept| name.get(..kept)).unwrap_or_default();
    format!("{kept}_{digest:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_is_cut_and_told_apart() {
        assert_eq!(tag_column("email", 3), "email_tag_3");
        let exact = "c".repeat(57);
        assert_eq!(tag_column(&exact, 0), format!("{exact}_tag_0"));
        let long = "ü".repeat(40);
        let (first, second) = (tag_column(&long, 0), tag_column(&long, 1));
        assert_ne!(first, second);
        assert!(first.len() <= LONGEST && first.starts_with("üüü"), "{first}");
    }

    #[test]
    fn names_are_quoted_as_diesel_quotes_them() {
        assert_eq!(quoted(Dialect::Postgres, "a\"b`c"), "\"a\"\"b`c\"");
        assert_eq!(quoted(Dialect::Mysql, "a\"b`c"), "`a\"b``c`");
        assert_eq!(quoted(Dialect::Sqlite, "a\"b`c"), "`a\"b``c`");
    }
}
