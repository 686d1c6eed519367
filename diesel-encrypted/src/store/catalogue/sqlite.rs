//! SQLite: any column holds any bytes, unless its table is `STRICT`. How it compares is seen by comparing.

use diesel_encrypted_core::{Field, Storage, UnfitColumn};

use super::{Catalogue, Column, KEY_TABLES, Statement, unfit, wanted};

/// `STRICT`, and the list of tables that tells it, came with 3.37.
const KNOWS_STRICT: (u32, u32) = (3, 37);

/// The columns whose comparing one statement sees. SQLite takes at most 500 SELECTs at once.
const AT_ONCE: usize = 100;

pub(super) fn look(fields: &[&'static Field]) -> Statement {
    let mut statement = Statement::new().sql("WITH f (number, schema, name, field) AS (VALUES ");
    for (number, schema, table, column) in wanted(fields) {
        statement = statement
            .sql(if number == 0 { "(" } else { ", (" })
            .number(number)
            .sql(", ")
            .text(schema.unwrap_or_default())
            .sql(", ")
            .text(table)
            .sql(", ")
            .text(column.unwrap_or_default())
            .sql(")");
    }
    statement.sql(
        ") SELECT -1, 0, 1, '', '', -1, '', 1, 0, sqlite_version() UNION ALL \
         SELECT f.number, 0, 1, p.type, p.type, -1, '', 1, p.\"notnull\", '' \
         FROM f LEFT JOIN pragma_database_list d ON lower(d.name) = lower(f.schema) \
         JOIN pragma_table_xinfo(f.name, d.name) p ON (f.schema = '' OR d.name IS NOT NULL) AND CASE WHEN f.field = '' THEN p.cid = 0 ELSE lower(p.name) = lower(f.field) END",
    )
}

/// A column that holds `A` compares equal to `a` or to `A ` only if it does not compare bytewise.
pub(super) fn further(catalogue: &Catalogue<'_>) -> Vec<Statement> {
    let wanted: Vec<_> = (0..)
        .zip(&catalogue.columns)
        .filter(|(_, (field, column))| {
            let declared = column.as_ref().map(|column| column.kind.to_ascii_uppercase());
            declared.is_some_and(|kind| field.storage() == Storage::Text || !matches!(&*kind, "BLOB" | "ANY"))
        })
        .collect();
    let mut version = catalogue.session.split('.').map_while(|part| part.parse().ok());
    let knows_strict = (version.next().unwrap_or(0), version.next().unwrap_or(0)) >= KNOWS_STRICT;
    let statements = wanted.chunks(AT_ONCE).map(|wanted| {
        let mut statement = Statement::new();
        for (place, (number, (field, _))) in wanted.iter().enumerate() {
            let number = i64::try_from(KEY_TABLES.len()).unwrap_or_default() + number;
            statement = statement
                .sql(if place == 0 { "SELECT " } else { " UNION ALL SELECT " })
                .number(number)
                .sql(", 0, 1, '', '', -1, '', (SELECT max(c <> 'a' AND c <> 'A ') FROM (SELECT ")
                .name(field.column())
                .sql(" AS c FROM ")
                .table(field.table())
                .sql(" WHERE 0 UNION ALL SELECT 'A')), 0, ");
            statement = match (knows_strict, field.table().split_once('.')) {
                (false, _) => statement.sql("''"),
                (true, None) => statement
                    .sql("(SELECT CASE max(strict) WHEN 1 THEN 'strict' ELSE '' END FROM pragma_table_list(")
                    .text(field.table())
                    .sql("))"),
                (true, Some((schema, table))) => statement
                    .sql("(SELECT CASE max(strict) WHEN 1 THEN 'strict' ELSE '' END FROM pragma_table_list(")
                    .text(table)
                    .sql(") WHERE schema = ")
                    .text(schema)
                    .sql(")"),
            };
        }
        statement
    });
    statements.collect()
}

pub(super) fn judge(field: &Field, column: &Column) -> Option<UnfitColumn> {
    let mut reasons = Vec::new();
    let (name, holds) = match field.storage() {
        Storage::Binary => ("Binary", "BLOB"),
        Storage::Text => ("Text", "TEXT"),
    };
    let kind = column.kind.to_ascii_uppercase();
    if column.extra == "strict" && kind != holds && kind != "ANY" {
        reasons.push(format!("in a STRICT table, and the model has `{name}`, which is {holds}"));
    }
    if field.storage() == Storage::Text && !column.bytewise {
        reasons.push("which compares otherwise than bytewise (COLLATE NOCASE or RTRIM, or one of your own)".to_owned());
    }
    let mut unfit = unfit(field, column, reasons, false, String::new())?;
    unfit.statement = None;
    unfit.advice = Some(format!(
        "SQLite cannot alter a column: make the table anew with `{}` {holds}{}, and copy its rows, as \
         https://www.sqlite.org/lang_altertable.html#otheralter says",
        field.column(),
        if column.not_null { " NOT NULL" } else { "" }
    ));
    Some(unfit)
}
