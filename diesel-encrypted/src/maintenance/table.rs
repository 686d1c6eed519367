//! What the database says of a table that is walked: its columns, and how each is read as bytes.

use super::{MaintenanceConnection, MaintenanceError, connection::TableColumn, patience::patiently};
use crate::{backend::Dialect, sql::names, store::statement::Statement};

/// What a column holds, as far as maintenance has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// SQLite: each value tells.
    Dynamic,
    Bool,
    Signed,
    /// MySQL alone.
    Unsigned,
    Text,
    Bytes,
    Uuid,
    /// PostgreSQL's `timestamptz`.
    Instant,
    /// Anything that is read and compared by its text.
    Other,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Its type as the database spells it.
    pub(super) declared: String,
    /// On MySQL; empty if it has none.
    collation: String,
    pub(super) not_null: bool,
}

/// A table and its columns.
#[derive(Debug)]
pub struct Table {
    pub(super) dialect: Dialect,
    /// As the registry has it.
    name: String,
    columns: Vec<Column>,
}

/// The database behind a connection.
pub(super) fn dialect<C: MaintenanceConnection>(connection: &mut C) -> Result<Dialect, MaintenanceError> {
    let statement = Statement::each(|dialect| {
        let number = match dialect {
            Dialect::Sqlite => "SELECT '', '', '', '', 0",
            Dialect::Postgres => "SELECT ''::text, ''::text, ''::text, ''::text, 1::bigint",
            Dialect::Mysql => "SELECT '', '', '', '', 2",
        };
        Statement::new().sql(number)
    });
    let mut ask =
        |statement: Statement| patiently(connection, |connection| connection.table_columns(statement.clone()));
    Ok(match ask(statement)?.first() {
        Some((.., 0)) => {
            // Text as bytes is in the encoding of the database.
            let encoding = Statement::new().sql("SELECT encoding, '', '', '', 0 FROM pragma_encoding");
            if ask(encoding)?.iter().any(|(encoding, ..)| encoding != "UTF-8") {
                return Err(MaintenanceError::Encoding);
            }
            Dialect::Sqlite
        }
        Some((.., 1)) => Dialect::Postgres,
        _ => Dialect::Mysql,
    })
}

impl Table {
    /// Reads what the database says of the field's table.
    pub(super) fn of<C: MaintenanceConnection>(
        connection: &mut C,
        dialect: Dialect,
        name: &str,
    ) -> Result<Self, MaintenanceError> {
        let rows = patiently(connection, |connection| connection.table_columns(look(dialect, name)))?;
        let columns: Vec<Column> = rows.into_iter().map(|row| Column::new(dialect, row)).collect();
        if columns.is_empty() {
            return Err(MaintenanceError::NoTable { table: name.to_owned() });
        }
        Ok(Self { dialect, name: name.to_owned(), columns })
    }

    /// A column of this name.
    pub(super) fn column(&self, name: &str) -> Result<&Column, MaintenanceError> {
        let same = |column: &&Column| match self.dialect {
            Dialect::Postgres => column.name == name,
            Dialect::Sqlite | Dialect::Mysql => column.name.eq_ignore_ascii_case(name),
        };
        let missing = || MaintenanceError::NoColumn { table: self.name.clone(), column: name.to_owned() };
        self.columns.iter().find(same).ok_or_else(missing)
    }

    /// The table, quoted.
    pub(super) fn sql(&self) -> String {
        quoted_table(self.dialect, &self.name)
    }

    /// A name, quoted.
    pub(super) fn quoted(&self, name: &str) -> String {
        names::quoted(self.dialect, name)
    }

    /// The value of a column as bytes: text in UTF-8, anything else as text in UTF-8. `from` is empty, or names the table
    /// with a point behind.
    pub(super) fn bytes(&self, from: &str, column: &Column) -> String {
        let name = format!("{from}{}", self.quoted(&column.name));
        match (self.dialect, column.kind) {
            (Dialect::Sqlite, _) if column.declared.eq_ignore_ascii_case("real") => {
                // Fifteen digits, as CAST writes them, lose the rest.
                format!("CAST(CASE typeof({name}) WHEN 'real' THEN printf('%!.17g', {name}) ELSE {name} END AS BLOB)")
            }
            (Dialect::Sqlite, _) => format!("CAST({name} AS BLOB)"),
            (_, Kind::Bytes) => name,
            (Dialect::Postgres, Kind::Instant) => {
                format!("convert_to(to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || 'Z', 'UTF8')")
            }
            (Dialect::Postgres, _) => format!("convert_to({name}::text, 'UTF8')"),
            (Dialect::Mysql, Kind::Text) => format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY)"),
            (Dialect::Mysql, _) => format!("CAST(CAST({name} AS CHAR) AS BINARY)"),
        }
    }

    /// Bytes as a literal.
    pub(super) fn literal(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self.dialect {
            Dialect::Postgres => format!("'\\x{hex}'::bytea"),
            Dialect::Sqlite | Dialect::Mysql => format!("x'{hex}'"),
        }
    }

    /// The length of those bytes.
    pub(super) fn length(&self, column: &Column) -> String {
        match self.dialect {
            Dialect::Postgres => format!("octet_length({})", self.bytes("", column)),
            Dialect::Sqlite | Dialect::Mysql => format!("length({})", self.bytes("", column)),
        }
    }
}

impl Column {
    fn new(dialect: Dialect, (name, kind, declared, collation, not_null): TableColumn) -> Self {
        let kind = match dialect {
            Dialect::Sqlite if kind.starts_with("bool") => Kind::Bool,
            Dialect::Sqlite => Kind::Dynamic,
            Dialect::Postgres => match kind.as_str() {
                "bool" => Kind::Bool,
                "int2" | "int4" | "int8" => Kind::Signed,
                "text" | "varchar" => Kind::Text,
                "bytea" => Kind::Bytes,
                "uuid" => Kind::Uuid,
                "timestamptz" => Kind::Instant,
                _ => Kind::Other,
            },
            Dialect::Mysql => match kind.as_str() {
                _ if declared == "tinyint(1)" => Kind::Bool,
                "tinyint" | "smallint" | "mediumint" | "int" | "bigint" if declared.contains("unsigned") => {
                    Kind::Unsigned
                }
                "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Kind::Signed,
                "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => Kind::Text,
                "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Kind::Bytes,
                "uuid" => Kind::Uuid,
                _ => Kind::Other,
            },
        };
        Self { name, kind, declared, collation, not_null: not_null != 0 }
    }

    /// What makes a text of ours compare as this column does, on MySQL.
    pub(super) fn collated(&self, text: &str) -> String {
        match self.collation.split_once('_') {
            Some((charset, _)) => format!("CONVERT({text} USING {charset}) COLLATE {}", self.collation),
            None => text.to_owned(),
        }
    }
}

/// A table, with its schema if it has one, quoted.
fn quoted_table(dialect: Dialect, name: &str) -> String {
    match name.split_once('.') {
        Some((schema, table)) => format!("{}.{}", names::quoted(dialect, schema), names::quoted(dialect, table)),
        None => names::quoted(dialect, name),
    }
}

fn look(dialect: Dialect, name: &str) -> Statement {
    let (schema, table) = name.split_once('.').map_or((None, name), |(schema, table)| (Some(schema), table));
    match dialect {
        Dialect::Sqlite => Statement::new()
            .sql("SELECT name, lower(type), type, '', \"notnull\" FROM pragma_table_xinfo(")
            .text(table)
            .sql(", ")
            .text(schema.unwrap_or("main"))
            .sql(")"),
        Dialect::Postgres => Statement::new()
            .sql(
                "SELECT a.attname::text, b.typname::text, format_type(a.atttypid, a.atttypmod), ''::text, \
                 a.attnotnull::int::bigint FROM pg_catalog.pg_attribute a \
                 JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
                 JOIN pg_catalog.pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END \
                 WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = to_regclass(",
            )
            .text(&quoted_table(dialect, name))
            .sql(") ORDER BY a.attnum"),
        Dialect::Mysql => {
            let statement = Statement::new()
                .sql(
                    "SELECT column_name, lower(data_type), lower(column_type), coalesce(collation_name, ''), \
                     is_nullable = 'NO' FROM information_schema.columns WHERE table_name = ",
                )
                .text(table)
                .sql(" AND table_schema = ");
            match schema {
                Some(schema) => statement.text(schema),
                None => statement.sql("DATABASE()"),
            }
        }
    }
}
