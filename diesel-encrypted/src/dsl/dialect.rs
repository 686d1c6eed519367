//! How each database addresses a slot within a sealed value.
//!
//! PostgreSQL and SQLite index a slot by the expression `substr(col, 4 + 15i, 15)` and need it word for word, with its
//! numbers as literals, to find the index. The guards around it are for the other uses of a tag: what a row without that
//! slot holds at its place is not a tag.
//!
//! MySQL and MariaDB index a prefix of the column instead; their form (a range over each slot count in use) belongs here.

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryBuilder, QueryFragment};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{Binary, HasSqlType, Text};
use diesel_encrypted_core::Storage;

use super::search::Tag;

/// A backend that can carry tags and address slots: one whose `Binary` and `Text` are Diesel's.
pub trait SlotBackend: Backend + HasSqlType<Binary> + HasSqlType<Text> + 'static {
    /// Binds a tag.
    fn push_tag<'b>(out: &mut AstPass<'_, 'b, Self>, storage: Storage, tag: &'b Tag) -> QueryResult<()>;
    /// Binds bytes.
    fn push_bytes<'b>(out: &mut AstPass<'_, 'b, Self>, bytes: &'b [u8]) -> QueryResult<()>;
    /// Whether identifiers stand in backticks, as Diesel writes them for SQLite and MySQL. It tells these from PostgreSQL
    /// whatever features the application has enabled, which naming their types could not.
    fn quotes_by_backticks() -> bool;
}

impl<DB> SlotBackend for DB
where
    DB: Backend<QueryBuilder: Default> + HasSqlType<Binary> + HasSqlType<Text> + 'static,
    [u8]: ToSql<Binary, DB>,
    str: ToSql<Text, DB>,
{
    fn push_tag<'b>(out: &mut AstPass<'_, 'b, Self>, storage: Storage, tag: &'b Tag) -> QueryResult<()> {
        match storage {
            Storage::Binary => out.push_bind_param::<Binary, Tag>(tag),
            Storage::Text => out.push_bind_param::<Text, Tag>(tag),
        }
    }

    fn push_bytes<'b>(out: &mut AstPass<'_, 'b, Self>, bytes: &'b [u8]) -> QueryResult<()> {
        out.push_bind_param::<Binary, [u8]>(bytes)
    }

    fn quotes_by_backticks() -> bool {
        let mut builder = DB::QueryBuilder::default();
        builder.push_identifier("a").is_ok() && builder.finish() == "`a`"
    }
}

/// How a backend writes bytes in a statement.
#[derive(Clone, Copy)]
enum Literals {
    /// `x'e101'`: SQLite, MySQL, MariaDB.
    Hexadecimal,
    /// As bind parameters: every other backend.
    Bound,
}

impl Literals {
    fn of<DB: SlotBackend>() -> Self {
        if DB::quotes_by_backticks() { Self::Hexadecimal } else { Self::Bound }
    }

    fn push<'b, DB: SlotBackend>(self, out: &mut AstPass<'_, 'b, DB>, bytes: &'static [u8]) -> QueryResult<()> {
        match self {
            Self::Bound => DB::push_bytes(out, bytes),
            Self::Hexadecimal => {
                let mut literal = String::with_capacity(2 * bytes.len() + 3);
                literal.push_str("x'");
                for byte in bytes {
                    literal.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
                    literal.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
                }
                literal.push('\'');
                out.push_sql(&literal);
                Ok(())
            }
        }
    }
}

/// `substr(expr, place, length)`: the slot, or what stands at its place in a row that lacks it.
pub(crate) fn slot<'b, DB, E>(
    out: &mut AstPass<'_, 'b, DB>,
    expr: &'b E,
    storage: Storage,
    slot: usize,
) -> QueryResult<()>
where
    DB: Backend,
    E: QueryFragment<DB> + ?Sized,
{
    out.push_sql("substr(");
    expr.walk_ast(out.reborrow())?;
    out.push_sql(place(storage, slot));
    Ok(())
}

/// Whether the row has a tag in this slot: it is sealed, has as many slots, and this one is not empty. Never NULL unless
/// the column is.
pub(crate) fn has_tag<'b, DB, E>(
    out: &mut AstPass<'_, 'b, DB>,
    expr: &'b E,
    storage: Storage,
    index: usize,
) -> QueryResult<()>
where
    DB: SlotBackend,
    E: QueryFragment<DB> + ?Sized,
{
    match storage {
        Storage::Binary => {
            let literals = Literals::of::<DB>();
            out.push_sql("substr(");
            expr.walk_ast(out.reborrow())?;
            out.push_sql(", 1, 3) BETWEEN ");
            literals.push(out, PREFIXES.get(index).map_or(&[][..], |prefix| prefix))?;
            out.push_sql(" AND ");
            literals.push(out, &[0xE1, 15, 0])?;
            out.push_sql(" AND ");
            slot(out, expr, storage, index)?;
            out.push_sql(" <> ");
            literals.push(out, &[0; 15])
        }
        Storage::Text => {
            // A list, not a range: a text column's collation may order letters as it likes.
            out.push_sql("substr(");
            expr.walk_ast(out.reborrow())?;
            out.push_sql(", 1, 4) IN (");
            for (position, prefix) in TEXT_PREFIXES.iter().skip(index).enumerate() {
                out.push_sql(if position == 0 { "'" } else { ", '" });
                out.push_sql(prefix);
                out.push_sql("'");
            }
            out.push_sql(") AND ");
            slot(out, expr, storage, index)?;
            out.push_sql(" <> 'AAAAAAAAAAAAAAAAAAAA'");
            Ok(())
        }
    }
}

/// `CASE WHEN .. THEN slot END`: the tag, or NULL where there is none.
pub(crate) fn tag_or_null<'b, DB, E>(
    out: &mut AstPass<'_, 'b, DB>,
    expr: &'b E,
    storage: Storage,
    index: usize,
) -> QueryResult<()>
where
    DB: SlotBackend,
    E: QueryFragment<DB> + ?Sized,
{
    out.push_sql("CASE WHEN ");
    has_tag(out, expr, storage, index)?;
    out.push_sql(" THEN ");
    slot(out, expr, storage, index)?;
    out.push_sql(" END");
    Ok(())
}

/// `, place, length)` of a slot, counted from 1 as SQL does.
#[expect(clippy::indexing_slicing, reason = "a field has at most 15 indexes (`Field::indexes`)")]
pub(crate) const fn place(storage: Storage, slot: usize) -> &'static str {
    match storage {
        Storage::Binary => BINARY_PLACES[slot],
        Storage::Text => TEXT_PLACES[slot],
    }
}

#[rustfmt::skip]
const BINARY_PLACES: [&str; 15] = [
    ", 4, 15)", ", 19, 15)", ", 34, 15)", ", 49, 15)", ", 64, 15)", ", 79, 15)", ", 94, 15)", ", 109, 15)",
    ", 124, 15)", ", 139, 15)", ", 154, 15)", ", 169, 15)", ", 184, 15)", ", 199, 15)", ", 214, 15)",
];

#[rustfmt::skip]
const TEXT_PLACES: [&str; 15] = [
    ", 5, 20)", ", 25, 20)", ", 45, 20)", ", 65, 20)", ", 85, 20)", ", 105, 20)", ", 125, 20)", ", 145, 20)",
    ", 165, 20)", ", 185, 20)", ", 205, 20)", ", 225, 20)", ", 245, 20)", ", 265, 20)", ", 285, 20)",
];

/// The first three bytes of a value with 1 to 15 slots.
#[rustfmt::skip]
const PREFIXES: [[u8; 3]; 15] = [
    [0xE1, 1, 0], [0xE1, 2, 0], [0xE1, 3, 0], [0xE1, 4, 0], [0xE1, 5, 0], [0xE1, 6, 0], [0xE1, 7, 0], [0xE1, 8, 0],
    [0xE1, 9, 0], [0xE1, 10, 0], [0xE1, 11, 0], [0xE1, 12, 0], [0xE1, 13, 0], [0xE1, 14, 0], [0xE1, 15, 0],
];

/// The same in base64url.
const TEXT_PREFIXES: [&str; 15] = [
    "4QEA", "4QIA", "4QMA", "4QQA", "4QUA", "4QYA", "4QcA", "4QgA", "4QkA", "4QoA", "4QsA", "4QwA", "4Q0A", "4Q4A",
    "4Q8A",
];

#[cfg(test)]
mod tests {
    use diesel_encrypted_core::format::text;
    use diesel_encrypted_core::format::value::slot_range;

    use super::*;

    #[test]
    fn places_are_those_of_the_format() {
        for index in 0..15 {
            let range = slot_range(index);
            assert_eq!(place(Storage::Binary, index), format!(", {}, {})", range.start + 1, range.len()));
            assert_eq!(place(Storage::Text, index), format!(", {}, {})", range.start / 3 * 4 + 1, range.len() / 3 * 4));
        }
    }

    #[test]
    fn prefixes_are_those_of_the_format() {
        for (bytes, expected) in PREFIXES.iter().zip(TEXT_PREFIXES) {
            assert_eq!(text::encode(bytes), expected);
        }
    }
}
