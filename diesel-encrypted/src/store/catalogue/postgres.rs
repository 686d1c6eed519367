//! PostgreSQL: `pg_catalog`, which every role may read.

use diesel_encrypted_core::{Field, Storage, UnfitColumn};

use super::{Column, Statement, longest, shortest, too_narrow, unfit, wanted};

/// A table without a schema is found as SQL finds it, by the search_path. A domain is what it is made of.
pub(super) fn look(fields: &[&'static Field]) -> Statement {
    let mut statement = Statement::new().sql(
        "SELECT (-1)::bigint, 1::bigint, 1::bigint, ''::text, ''::text, (-1)::bigint, ''::text, 1::bigint, 0::bigint, \
         ''::text UNION ALL \
         SELECT f.number, 1, (c.relkind IN ('r', 'p'))::int, coalesce(t.typname::text, ''), \
         coalesce(pg_catalog.format_type(a.atttypid, a.atttypmod), ''), \
         CASE WHEN t.typname IN ('varchar', 'bpchar', '_varchar') AND t.typmod > 4 THEN t.typmod - 4 ELSE -1 END, \
         coalesce(o.collname::text, ''), coalesce(o.collisdeterministic, true)::int, coalesce(a.attnotnull, false)::int, \
         CASE WHEN a.atthasdef THEN 'default' ELSE '' END \
         FROM (VALUES ",
    );
    for (number, schema, table, column) in wanted(fields) {
        statement = statement
            .sql(if number == 0 { "(" } else { ", (" })
            .number(number)
            .sql("::bigint, ")
            .text(schema.unwrap_or_default())
            .sql("::text, ")
            .text(table)
            .sql("::text, ")
            .text(column.unwrap_or_default())
            .sql("::text)");
    }
    statement.sql(
        ") AS f (number, nspname, relname, attname) \
         JOIN pg_catalog.pg_class c ON c.relname = f.relname AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND CASE WHEN f.nspname = '' \
         THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = f.nspname END \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = f.attname AND a.attnum > 0 \
         AND NOT a.attisdropped \
         LEFT JOIN LATERAL (WITH RECURSIVE base (oid, typmod, depth) AS (SELECT a.atttypid, a.atttypmod, 0 UNION ALL \
         SELECT d.typbasetype, d.typtypmod, base.depth + 1 FROM base \
         JOIN pg_catalog.pg_type d ON d.oid = base.oid AND d.typtype = 'd') \
         SELECT y.typname, base.typmod FROM base JOIN pg_catalog.pg_type y ON y.oid = base.oid \
         ORDER BY base.depth DESC LIMIT 1) t ON true \
         LEFT JOIN pg_catalog.pg_collation o ON o.oid = a.attcollation",
    )
}

pub(super) fn judge(field: &Field, column: &Column) -> Option<UnfitColumn> {
    let mut reasons = Vec::new();
    let kind = column.kind.as_str();
    let is_text = matches!(kind, "text" | "varchar");
    match field.storage() {
        Storage::Binary if kind != "bytea" => {
            reasons.push("and the model has `Binary`, which is bytea".to_owned());
        }
        Storage::Text if kind == "bpchar" => {
            reasons.push("which is filled up with blanks: sealed values need text or varchar".to_owned());
        }
        Storage::Text if !is_text => {
            reasons.push("and the model has `Text`, which is text or varchar".to_owned());
        }
        Storage::Binary | Storage::Text => {}
    }
    if is_text && field.storage() == Storage::Text {
        reasons.extend(too_narrow(field, column.length));
        if !column.bytewise {
            reasons.push("which is not bytewise: searches would find other rows than those they are for".to_owned());
        }
    }
    let other =
        matches!((field.storage(), kind), (Storage::Text, "bytea")) || field.storage() == Storage::Binary && is_text;
    unfit(field, column, reasons, other, alter(field, column))
}

fn alter(field: &Field, column: &Column) -> String {
    let (table, name) = (quoted_table(field.table()), quoted(field.column()));
    let (drop_default, kind, using) = match (field.storage(), column.kind.as_str()) {
        (Storage::Binary, "text" | "varchar") => {
            (true, "bytea".to_owned(), format!(" USING convert_to({name}, 'UTF8')"))
        }
        (Storage::Binary, _) => (true, "bytea".to_owned(), format!(" USING convert_to({name}::text, 'UTF8')")),
        (Storage::Text, "text" | "varchar") if column.length.is_none() => (false, "text".to_owned(), String::new()),
        (Storage::Text, "varchar") => {
            let width =
                column.length.filter(|length| *length >= shortest(field)).unwrap_or(longest(field, super::COMFORTABLE));
            (false, format!("varchar({width})"), String::new())
        }
        (Storage::Text, "bytea") => (true, "text".to_owned(), format!(" USING convert_from({name}, 'UTF8')")),
        (Storage::Text, _) => (true, "text".to_owned(), format!(" USING {name}::text")),
    };
    let collation = if field.storage() == Storage::Text && !column.bytewise { " COLLATE \"C\"" } else { "" };
    let default = match drop_default && column.extra == "default" {
        true => format!("ALTER COLUMN {name} DROP DEFAULT, "),
        false => String::new(),
    };
    format!("ALTER TABLE {table} {default}ALTER COLUMN {name} TYPE {kind}{collation}{using}")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quoted_table(table: &str) -> String {
    match table.split_once('.') {
        Some((schema, table)) => format!("{}.{}", quoted(schema), quoted(table)),
        None => quoted(table),
    }
}
