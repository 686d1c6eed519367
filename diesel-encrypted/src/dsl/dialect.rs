//! How each database addresses a slot within a sealed value.
//!
//! PostgreSQL and SQLite index a slot by the expression `substr(col, 4 + 15i, 15)` and need it word for word, with its
//! numbers as literals, to find the index. The guards around it are for the other uses of a tag: what a row without that
//! slot holds at its place is not a tag.
//!
//! MySQL and MariaDB index a generated column with the same expression (see [`crate::sql`]), and find the index by that
//! column's name alone. What is compared is equal either way, and so is what is found.

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{Binary, HasSqlType, Text};
use diesel_encrypted_core::Storage;

use super::clear::{Escaped, Part};
use super::search::Tag;
use crate::backend::{Dialect, KnownBackend};
use crate::sql::names;

/// A backend that can carry tags and address slots: one whose `Binary` and `Text` are Diesel's.
pub trait SlotBackend: KnownBackend + HasSqlType<Binary> + HasSqlType<Text> + 'static {
    /// Binds a tag.
    fn push_tag<'b>(out: &mut AstPass<'_, 'b, Self>, storage: Storage, tag: &'b Tag) -> QueryResult<()>;

    /// Binds a part of a value as bytes.
    fn push_binary<'b>(out: &mut AstPass<'_, 'b, Self>, part: &'b Part) -> QueryResult<()>;

    /// Binds a part of a value as text.
    fn push_text<'b>(out: &mut AstPass<'_, 'b, Self>, part: &'b Part) -> QueryResult<()>;

    /// Binds a part of a value as text, escaped.
    fn push_escaped<'b>(out: &mut AstPass<'_, 'b, Self>, part: &'b Escaped) -> QueryResult<()>;
}

impl<DB> SlotBackend for DB
where
    DB: KnownBackend + HasSqlType<Binary> + HasSqlType<Text> + 'static,
    [u8]: ToSql<Binary, DB>,
    str: ToSql<Text, DB>,
{
    fn push_tag<'b>(out: &mut AstPass<'_, 'b, Self>, storage: Storage, tag: &'b Tag) -> QueryResult<()> {
        match storage {
            Storage::Binary => out.push_bind_param::<Binary, Tag>(tag),
            Storage::Text => out.push_bind_param::<Text, Tag>(tag),
        }
    }

    fn push_binary<'b>(out: &mut AstPass<'_, 'b, Self>, part: &'b Part) -> QueryResult<()> {
        out.push_bind_param::<Binary, Part>(part)
    }

    fn push_text<'b>(out: &mut AstPass<'_, 'b, Self>, part: &'b Part) -> QueryResult<()> {
        out.push_bind_param::<Text, Part>(part)
    }

    fn push_escaped<'b>(out: &mut AstPass<'_, 'b, Self>, part: &'b Escaped) -> QueryResult<()> {
        out.push_bind_param::<Text, Escaped>(part)
    }
}

/// Bytes as a literal: a bind parameter would keep `GROUP BY` from being the expression that is selected.
pub(super) fn push_bytes<DB: SlotBackend>(out: &mut AstPass<'_, '_, DB>, bytes: &[u8]) -> QueryResult<()> {
    let (opening, closing) = match DB::dialect(out.reborrow())? {
        Dialect::Postgres => ("'\\x", "'::bytea"),
        Dialect::Sqlite | Dialect::Mysql => ("x'", "'"),
    };
    let mut literal = String::with_capacity(opening.len() + 2 * bytes.len() + closing.len());
    literal.push_str(opening);
    for byte in bytes {
        literal.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        literal.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    literal.push_str(closing);
    out.push_sql(&literal);
    Ok(())
}

/// An expression whose SQL on MySQL is known, so that a generated column can be named beside the column: qualified alike.
#[diagnostic::on_unimplemented(message = "`{Self}` has no SQL on MySQL", label = "not a column that MySQL knows")]
pub trait OnMysql {
    /// The SQL of the expression, on MySQL.
    #[doc(hidden)]
    fn on_mysql(&self) -> QueryResult<String>;
}

#[cfg(feature = "mysql")]
impl<E: QueryFragment<diesel::mysql::Mysql>> OnMysql for E {
    fn on_mysql(&self) -> QueryResult<String> {
        // Diesel makes SQL for connections and for this.
        let printed = diesel::debug_query::<diesel::mysql::Mysql, _>(self).to_string();
        Ok(printed.rsplit_once(" -- binds").map(|(sql, _)| sql.to_owned()).unwrap_or(printed))
    }
}

#[cfg(not(feature = "mysql"))]
impl<E> OnMysql for E {
    fn on_mysql(&self) -> QueryResult<String> {
        Err(diesel::result::Error::QueryBuilderError("the feature `mysql` of diesel-encrypted is not enabled".into()))
    }
}

/// The slot as it is compared, by the expression or the generated column that an index is on.
pub(crate) fn indexed_slot<'b, DB, E>(
    out: &mut AstPass<'_, 'b, DB>,
    expr: &'b E,
    storage: Storage,
    index: usize,
) -> QueryResult<()>
where
    DB: SlotBackend,
    E: QueryFragment<DB> + OnMysql,
{
    match DB::dialect(out.reborrow())? {
        Dialect::Postgres | Dialect::Sqlite => slot(out, expr, storage, index),
        Dialect::Mysql => {
            let sql = expr.on_mysql()?;
            let (qualifier, column) = split_column(&sql);
            out.push_sql(qualifier);
            out.push_identifier(&names::tag_column(&column, index))
        }
    }
}

/// `` `patients`.`email` `` as `` `patients`. `` and the bare name of the column.
fn split_column(sql: &str) -> (&str, String) {
    let (qualifier, column) = sql.split_at(sql.rfind("`.`").map_or(0, |at| at + 2));
    let column = column.strip_prefix('`').and_then(|column| column.strip_suffix('`')).unwrap_or(column);
    (qualifier, column.replace("``", "`"))
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
            out.push_sql("substr(");
            expr.walk_ast(out.reborrow())?;
            out.push_sql(", 1, 3) BETWEEN ");
            push_bytes(out, PREFIXES.get(index).map_or(&[][..], |prefix| prefix))?;
            out.push_sql(" AND ");
            push_bytes(out, &[0xE1, 15, 0])?;
            out.push_sql(" AND ");
            slot(out, expr, storage, index)?;
            out.push_sql(" <> ");
            push_bytes(out, &[0; 15])
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
    fn a_column_is_told_from_what_qualifies_it() {
        for (sql, qualifier, column) in [
            ("`patients`.`email`", "`patients`.", "email"),
            ("`clinic`.`patients`.`e``mail`", "`clinic`.`patients`.", "e`mail"),
            ("`email`", "", "email"),
        ] {
            assert_eq!(split_column(sql), (qualifier, column.to_owned()));
        }
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn a_column_an_alias_and_a_nullable_column_have_their_sql_on_mysql() {
        use diesel::prelude::*;

        diesel::table! {
            clinic.patients (id) {
                id -> Integer,
                email -> Binary,
            }
        }

        let other = diesel::alias!(patients as other);
        assert_eq!(patients::email.on_mysql(), Ok("`clinic`.`patients`.`email`".to_owned()));
        assert_eq!(patients::email.nullable().on_mysql(), Ok("`clinic`.`patients`.`email`".to_owned()));
        assert_eq!(other.field(patients::email).on_mysql(), Ok("`other`.`email`".to_owned()));
    }

    #[test]
    fn prefixes_are_those_of_the_format() {
        for (bytes, expected) in PREFIXES.iter().zip(TEXT_PREFIXES) {
            assert_eq!(text::encode(bytes), expected);
        }
    }
}
