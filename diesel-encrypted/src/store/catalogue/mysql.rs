//! MySQL and MariaDB: `information_schema`, which shows a role what it may use.

use diesel_encrypted_core::{Field, Storage, StoreError, UnfitColumn};

use super::{
    COMFORTABLE, Catalogue, Column, Statement, longest, schema_and_table, shortest, too_narrow, unfit, wanted,
};
use crate::sql::{
    mysql::{add_generated_column, generated_column},
    searched_slots,
};

/// What makes a session refuse what does not fit.
const STRICT: &str = "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_TRANS_TABLES')";

/// What no packet of a usual size fills: `MEDIUMBLOB` and more.
const UNBOUNDED: usize = (1 << 24) - 1;

/// One SELECT for each table and column: with constants for names, the server opens no other table.
pub(super) fn look(fields: &[&'static Field]) -> Statement {
    let mut statement = Statement::new()
        .sql("SELECT -1, 2, 1, '', '', CAST(@@SESSION.max_allowed_packet AS SIGNED), '', 1, 0, @@SESSION.sql_mode");
    for (number, schema, table, column) in wanted(fields) {
        statement = statement.sql(" UNION ALL SELECT CAST(").number(number).sql(" AS SIGNED), 2, ");
        statement = match column {
            None => statement.sql("1, '', '', -1, '', 1, 0, '' FROM information_schema.tables t"),
            Some(column) => {
                let statement = statement.sql(
                    "t.table_type = 'BASE TABLE', lower(c.data_type), c.column_type, \
                     coalesce(CAST(c.character_maximum_length AS SIGNED), -1), coalesce(c.collation_name, ''), \
                     coalesce(right(c.collation_name, 4) = '_bin', 1), c.is_nullable = 'NO', c.column_comment \
                     FROM information_schema.tables t JOIN information_schema.columns c ON c.table_schema = ",
                );
                in_schema(statement, schema)
                    .sql(" AND c.table_name = ")
                    .text(table)
                    .sql(" AND c.column_name = ")
                    .text(column)
            }
        };
        statement =
            in_schema(statement.sql(" WHERE t.table_schema = "), schema).sql(" AND t.table_name = ").text(table);
    }
    let first = wanted(fields).count();
    for (number, (field, slot)) in (first..).zip(tag_columns(fields)) {
        let (schema, table) = schema_and_table(field);
        statement = statement.sql(" UNION ALL SELECT CAST(").number(i64::try_from(number).unwrap_or(i64::MAX)).sql(
            " AS SIGNED), 2, 1, '', '', -1, '', 1, 0, '' FROM information_schema.columns c WHERE c.table_schema = ",
        );
        statement = in_schema(statement, schema)
            .sql(" AND c.table_name = ")
            .text(table)
            .sql(" AND c.column_name = ")
            .text(&generated_column(field, slot));
    }
    statement
}

/// The generated columns that searches of these fields name, by field and slot.
pub(super) fn tag_columns(fields: &[&'static Field]) -> impl Iterator<Item = (&'static Field, usize)> {
    fields.iter().flat_map(|field| searched_slots(field).map(|(slot, _)| (*field, slot)))
}

/// Names the searches that fail, because no migration has made the column that they name.
pub(super) fn tell_unsearchable(catalogue: &Catalogue<'_>) {
    let fields: Vec<&'static Field> = catalogue.columns.iter().map(|(field, _)| **field).collect();
    for (number, (field, slot)) in tag_columns(&fields).enumerate() {
        // A temporary table is not in the catalogue, nor are its columns.
        let seen = catalogue.columns.iter().any(|(of, column)| std::ptr::eq(**of, field) && column.is_some());
        if seen && !catalogue.tag_columns.contains(&number) {
            tracing::warn!(
                table = field.table(),
                column = field.column(),
                statement = add_generated_column(field, slot),
                "searches of this column fail: the generated column that they name is missing"
            );
        }
    }
}

fn in_schema(statement: Statement, schema: Option<&str>) -> Statement {
    match schema {
        Some(schema) => statement.text(schema),
        None => statement.sql("DATABASE()"),
    }
}

pub(super) fn judge(field: &Field, column: &Column) -> Option<UnfitColumn> {
    let mut reasons = Vec::new();
    let kind = column.kind.as_str();
    match (field.storage(), kind) {
        (Storage::Binary, _) if holds_bytes(kind) => reasons.extend(too_narrow(field, column.length)),
        (Storage::Text, _) if holds_text(kind) => {
            reasons.extend(too_narrow(field, column.length));
            if !column.bytewise {
                reasons
                    .push("which is not bytewise: searches would find other rows than those they are for".to_owned());
            }
        }
        (Storage::Binary, "binary") => {
            reasons.push("which is filled up with zero bytes: sealed values need varbinary or blob".to_owned());
        }
        (Storage::Text, "char") => {
            reasons.push("which is filled up with blanks: sealed values need varchar or text".to_owned());
        }
        (Storage::Binary, _) => reasons.push("and the model has `Binary`, which is varbinary or blob".to_owned()),
        (Storage::Text, _) => reasons.push("and the model has `Text`, which is varchar or text".to_owned()),
    }
    let other = match field.storage() {
        Storage::Binary => holds_text(kind),
        Storage::Text => holds_bytes(kind),
    };
    unfit(field, column, reasons, other, alter(field, column))
}

fn holds_bytes(kind: &str) -> bool {
    matches!(kind, "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob")
}

fn holds_text(kind: &str) -> bool {
    matches!(kind, "varchar" | "tinytext" | "text" | "mediumtext" | "longtext")
}

/// `MODIFY` wants the whole declaration. A DEFAULT is left out: it would be a value that is not sealed.
fn alter(field: &Field, column: &Column) -> String {
    let kind = column.kind.as_str();
    let fits = column.length.is_some_and(|length| length >= shortest(field));
    let keeps_its_type = match field.storage() {
        Storage::Binary => holds_bytes(kind),
        Storage::Text => holds_text(kind),
    };
    let declared = match fits && keeps_its_type {
        true => column.declared.clone(),
        false => {
            // Characters have up to four bytes.
            let bytes = if kind.ends_with("char") { 4 } else { 1 };
            let holds = column.length.unwrap_or_default().saturating_mul(bytes);
            wide(field.storage(), holds.max(longest(field, COMFORTABLE)))
        }
    };
    let charset = match (field.storage(), column.collation.split_once('_')) {
        (Storage::Binary, _) => String::new(),
        (Storage::Text, Some((charset, _))) => format!(" CHARACTER SET {charset} COLLATE {charset}_bin"),
        (Storage::Text, None) => " CHARACTER SET ascii COLLATE ascii_bin".to_owned(),
    };
    let null = if column.not_null { " NOT NULL" } else { " NULL" };
    let comment = match column.extra.as_str() {
        "" => String::new(),
        comment => format!(" COMMENT '{}'", comment.replace('\\', "\\\\").replace('\'', "''")),
    };
    format!(
        "ALTER TABLE {} MODIFY {} {declared}{charset}{null}{comment}",
        field.table().split('.').map(quoted).collect::<Vec<_>>().join("."),
        quoted(field.column())
    )
}

/// The type of this storage that holds `length` bytes or characters.
fn wide(storage: Storage, length: usize) -> String {
    let (varying, large) = match storage {
        Storage::Binary => ("varbinary", "blob"),
        Storage::Text => ("varchar", "text"),
    };
    match length {
        // Of the 65535 bytes of a row, four characters each.
        0..=4000 => format!("{varying}({length})"),
        4001..=0xFFFF => large.to_owned(),
        0x1_0000..=UNBOUNDED => format!("medium{large}"),
        _ => format!("long{large}"),
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Names the columns that could hold more than a statement can bring them: then the server hangs up, often without a word.
pub(super) fn tell_packet(catalogue: &Catalogue<'_>) {
    let found = catalogue.columns.iter().filter_map(|(field, column)| Some((field, column.as_ref()?.length?)));
    let open = found.filter(|(field, _)| field.class().encoded_len().1.is_none());
    let roomier = open.filter(|(_, length)| *length > catalogue.longest_statement);
    let columns: Vec<String> = roomier.map(|(field, _)| format!("{}.{}", field.table(), field.column())).collect();
    if !columns.is_empty() {
        tracing::info!(
            max_allowed_packet = catalogue.longest_statement,
            columns = columns.join(", "),
            "these columns hold longer values than a statement of this server can have"
        );
    }
}

/// A session that is not strict cuts what does not fit. A sealed value that was cut is lost, so no column may have an end
/// that a value can reach.
pub(super) fn check_mode(catalogue: &Catalogue<'_>) -> Result<(), StoreError> {
    let modes = catalogue.session.to_ascii_uppercase();
    if modes.split(',').any(|mode| matches!(mode, "STRICT_TRANS_TABLES" | "STRICT_ALL_TABLES")) {
        return Ok(());
    }
    let found = catalogue.columns.iter().filter_map(|(field, column)| Some((field, column.as_ref()?)));
    let bounded = found.filter(|(field, column)| {
        column.length.is_some_and(|length| length < UNBOUNDED.min(longest(field, UNBOUNDED)))
    });
    let columns: Vec<String> =
        bounded.map(|(field, column)| format!("{}.{} ({})", field.table(), field.column(), column.declared)).collect();
    if columns.is_empty() {
        tracing::warn!("the sql_mode of this connection is not strict: the database cuts what does not fit");
        return Ok(());
    }
    Err(StoreError::LaxMode { columns: columns.join(", "), statement: STRICT.to_owned() })
}
