//! What the database's own catalogue says of the encrypted columns, held against what sealed values need.
//!
//! One statement looks at the key tables and at every column of a vault. It fails for nothing that is missing, since a
//! statement that fails inside of a transaction on PostgreSQL takes the transaction with it. Nothing here runs a statement:
//! a store of any kind of connection runs [`look`], makes a [`Catalogue`] of the rows, and does what that asks for.

mod mysql;
mod postgres;
mod sqlite;

use diesel_encrypted_core::{Field, Storage, StoreError, UnfitColumn};

use super::{connection::CatalogueColumns, statement::Statement};
use crate::{backend::Dialect, sql::names::schema_and_table};

/// The database whose words the rows came by: only they tell, where one connection type leads to several.
fn dialect_of(number: i64) -> Option<Dialect> {
    match number {
        0 => Some(Dialect::Sqlite),
        1 => Some(Dialect::Postgres),
        2 => Some(Dialect::Mysql),
        _ => None,
    }
}

/// The tables that every look asks for, in front of the fields.
const KEY_TABLES: [&str; 3] = ["encryption_keys", "encrypted_columns", "encryption_audit"];

/// The number of the row that stands for the session.
const SESSION: i64 = -1;

/// A value of this many bytes, of a class without a greatest, is to fit into every column.
const SHORT: usize = 64;
/// A column that is made wider is made wide enough for this.
const COMFORTABLE: usize = 255;

/// The statement that looks at the key tables and the columns of `fields`.
pub(super) fn look(fields: &[&'static Field]) -> Statement {
    Statement::each(|dialect| match dialect {
        Dialect::Sqlite => sqlite::look(fields),
        Dialect::Postgres => postgres::look(fields),
        Dialect::Mysql => mysql::look(fields),
    })
}

/// What a look asks for: a number, schema and table, and the column of a field.
fn wanted<'f>(fields: &'f [&'static Field]) -> impl Iterator<Item = (i64, Option<&'f str>, &'f str, Option<&'f str>)> {
    let tables = KEY_TABLES.into_iter().map(|table| (None, table, None));
    let columns = fields.iter().map(|field| {
        let (schema, table) = schema_and_table(field);
        (schema, table, Some(field.column()))
    });
    (0..).zip(tables.chain(columns)).map(|(number, (schema, table, column))| (number, schema, table, column))
}

/// A column as the database declares it.
#[derive(Debug)]
struct Column {
    /// Its type, without length and without a domain's name: `varchar`. Empty if there is a table and no such column.
    kind: String,
    /// Its type as the database spells it: `varchar(40)`.
    declared: String,
    /// The characters or bytes that it holds, if that is bounded.
    length: Option<usize>,
    /// The collation, empty if it has none.
    collation: String,
    /// Whether equal means the same bytes.
    bytewise: bool,
    not_null: bool,
    /// Whether it is a table's, and not a view's.
    of_a_table: bool,
    /// The comment on MySQL, `default` on PostgreSQL if there is one, `strict` on SQLite if the table is.
    extra: String,
}

/// What a look found.
#[derive(Debug)]
pub(super) struct Catalogue<'f> {
    dialect: Dialect,
    /// The sql_mode on MySQL, the version on SQLite.
    session: String,
    /// The bytes that a statement may have: max_allowed_packet on MySQL.
    longest_statement: usize,
    key_tables: usize,
    columns: Vec<(&'f &'static Field, Option<Column>)>,
    /// On MySQL, which of the generated columns that searches name were found.
    tag_columns: Vec<usize>,
}

impl<'f> Catalogue<'f> {
    /// The rows of [`look`] for these fields. Fails if a row is not one that it asked for.
    pub(super) fn new(fields: &'f [&'static Field], rows: Vec<CatalogueColumns>) -> Result<Self, StoreError> {
        let unexpected = || StoreError::Database("the catalogue answered what was not asked".into());
        let mut found = None;
        let mut key_tables = 0;
        let mut columns: Vec<_> = fields.iter().map(|field| (field, None)).collect();
        let mut tag_columns = Vec::new();
        for (number, dialect, of_a_table, kind, declared, length, collation, bytewise, not_null, extra) in rows {
            if number == SESSION {
                let longest_statement = usize::try_from(length).unwrap_or(usize::MAX);
                found = Some((dialect_of(dialect).ok_or_else(unexpected)?, extra, longest_statement));
                continue;
            }
            let number = usize::try_from(number).map_err(|_| unexpected())?;
            let Some(field) = number.checked_sub(KEY_TABLES.len()) else {
                key_tables += 1;
                continue;
            };
            if let Some(tag_column) = field.checked_sub(fields.len()) {
                let _ = mysql::tag_columns(fields).nth(tag_column).ok_or_else(unexpected)?;
                tag_columns.push(tag_column);
                continue;
            }
            let column = Column {
                kind,
                declared,
                length: usize::try_from(length).ok(),
                collation,
                bytewise: bytewise != 0,
                not_null: not_null != 0,
                of_a_table: of_a_table != 0,
                extra,
            };
            columns.get_mut(field).ok_or_else(unexpected)?.1 = Some(column);
        }
        let (dialect, session, longest_statement) = found.ok_or_else(unexpected)?;
        Ok(Self { dialect, session, longest_statement, key_tables, columns, tag_columns })
    }

    /// Whether the key tables are there.
    pub(super) fn has_key_tables(&self) -> bool {
        self.key_tables >= KEY_TABLES.len()
    }

    /// What else has to be asked: on SQLite, whose catalogue does not tell how a column compares.
    pub(super) fn further(&self) -> Vec<Statement> {
        match self.dialect {
            Dialect::Sqlite => sqlite::further(self),
            Dialect::Postgres | Dialect::Mysql => Vec::new(),
        }
    }

    /// Adds the rows of [`further`](Self::further).
    pub(super) fn add(&mut self, rows: Vec<CatalogueColumns>) {
        for (number, .., bytewise, _, extra) in rows {
            let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(KEY_TABLES.len()));
            if let Some((_, Some(column))) = place.and_then(|place| self.columns.get_mut(place)) {
                column.bytewise = bytewise != 0;
                column.extra = extra;
            }
        }
    }

    /// The columns that only a read can tell of: MySQL's catalogue lacks temporary tables.
    pub(super) fn unseen(&self) -> Vec<&'static Field> {
        let read = self.dialect != Dialect::Postgres;
        let columns = self.columns.iter().filter(|(_, column)| read && column.is_none());
        columns.map(|(field, _)| **field).collect()
    }

    /// Holds each column against its field.
    ///
    /// # Errors
    /// The first column that does not exist, else all that do not fit, else what a lax session may cut.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let mut unfit = Vec::new();
        for (field, column) in &self.columns {
            match column {
                Some(column) if !column.kind.is_empty() || self.dialect == Dialect::Sqlite => {
                    unfit.extend(self.judge(field, column));
                }
                // What MySQL and SQLite do not show has been read.
                None if self.dialect != Dialect::Postgres => {}
                _ => return Err(missing(field, column.is_some())),
            }
        }
        if !unfit.is_empty() {
            return Err(StoreError::UnfitColumns(unfit));
        }
        self.columns.iter().filter_map(|(field, column)| Some((field, column.as_ref()?))).for_each(warn_if_tight);
        match self.dialect {
            Dialect::Mysql => {
                mysql::tell_packet(self);
                mysql::tell_unsearchable(self);
                mysql::check_mode(self)
            }
            Dialect::Sqlite | Dialect::Postgres => Ok(()),
        }
    }

    fn judge(&self, field: &Field, column: &Column) -> Option<UnfitColumn> {
        match self.dialect {
            Dialect::Sqlite => sqlite::judge(field, column),
            Dialect::Postgres => postgres::judge(field, column),
            Dialect::Mysql => mysql::judge(field, column),
        }
    }
}

fn missing(field: &Field, table_exists: bool) -> StoreError {
    let detail = match table_exists {
        true => "the table has no such column",
        false => "there is no such table in the schemas of the search_path, or in the one that is named",
    };
    StoreError::NoColumn {
        table: field.table().to_owned(),
        column: field.column().to_owned(),
        detail: detail.to_owned(),
    }
}

/// The length of the shortest sealed value with something in it.
fn shortest(field: &Field) -> usize {
    field.sealed_len(field.class().encoded_len().0.max(1))
}

/// The length of the longest sealed value, of a class that has one; else of one with `open` bytes.
fn longest(field: &Field, open: usize) -> usize {
    field.sealed_len(field.class().encoded_len().1.unwrap_or(open))
}

/// Why `length` does not do, if no value fits.
fn too_narrow(field: &Field, length: Option<usize>) -> Option<String> {
    let shortest = shortest(field);
    (length? < shortest).then(|| {
        format!("which is too narrow: the shortest sealed value of this field has {shortest} {}", units(field))
    })
}

fn units(field: &Field) -> &'static str {
    match field.storage() {
        Storage::Binary => "bytes",
        Storage::Text => "characters",
    }
}

fn warn_if_tight((field, column): (&&&'static Field, &Column)) {
    let wanted = longest(field, SHORT);
    if let Some(length) = column.length.filter(|length| *length < wanted) {
        tracing::warn!(
            table = field.table(),
            column = field.column(),
            declared = column.declared,
            room = length,
            wanted,
            "a column has little room for sealed values: longer ones are refused by the database"
        );
    }
}

/// `reasons` as one, and the statement that mends them where it can be given. `other`: whether the column is what the other
/// storage asks for, so that the model may be what is wrong.
fn unfit(field: &Field, column: &Column, reasons: Vec<String>, other: bool, statement: String) -> Option<UnfitColumn> {
    if reasons.is_empty() {
        return None;
    }
    let mut found = column.declared.clone();
    if !column.bytewise && !column.collation.is_empty() {
        found.push_str(" with the collation ");
        found.push_str(&column.collation);
    }
    let mut unfit = UnfitColumn::new(field.table(), field.column(), found, reasons.join(", and "));
    if other {
        let declare = match field.storage() {
            Storage::Binary => "Text",
            Storage::Text => "Binary",
        };
        unfit.advice = Some(format!("Declare it `{declare}` in `table!`, or alter it"));
    }
    match column.of_a_table {
        true => unfit.statement = Some(statement),
        false => unfit.advice = Some("It is not a table's: alter the table behind the view".to_owned()),
    }
    Some(unfit)
}
