//! What a vault finds out of its columns when it opens, from the database's own catalogue.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "tests")]
#![cfg_attr(
    not(all(feature = "postgres", feature = "mysql")),
    allow(dead_code, unused_imports, reason = "what only a server is asked")
)]

use std::sync::{Arc, Mutex};

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{
    Class, Field, Index, KeyStoreConnection, LocalRootKey, RootKeyId, Storage, StoreError, UnfitColumn, VaultError,
    format::text,
};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel_encrypted_tests::server;

diesel::table! {
    people (id) {
        id -> Integer,
        email -> Nullable<Binary>,
        note -> Nullable<Text>,
    }
}

static EMAIL: Field =
    Field::new("people.email", "people", "email", Class::Text, Storage::Binary).indexes(&[Index::new("default")]);
static NOTE: Field =
    Field::new("people.note", "people", "note", Class::Text, Storage::Text).indexes(&[Index::new("default")]);
static BADGE: Field = Field::new("people.badge", "people", "badge", Class::Uuid, Storage::Binary);
static PADDED: Field = Field::new("people.email", "people", "email", Class::Text, Storage::Binary).padding(100);
static NO_COLUMN: Field = Field::new("people.none", "people", "none", Class::Text, Storage::Binary);
static NO_TABLE: Field = Field::new("nowhere.email", "nowhere", "email", Class::Text, Storage::Binary);
static NO_SCHEMA: Field = Field::new("no'where.people.email", "no'where.people", "email", Class::Text, Storage::Binary);

fn open(connection: &mut impl KeyStoreConnection, fields: &[&'static Field]) -> Result<Vault, VaultError> {
    let root = LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[7; 32]).unwrap());
    fields.iter().fold(Vault::builder(RootKeys::new(root)), |vault, field| vault.field(field)).open(connection)
}

fn all_unfit(opened: Result<Vault, VaultError>) -> Vec<UnfitColumn> {
    match opened.map(drop) {
        Err(VaultError::Store(StoreError::UnfitColumns(columns))) => columns,
        other => panic!("no column was refused: {other:?}"),
    }
}

/// The one column that does not fit.
fn unfit(opened: Result<Vault, VaultError>) -> UnfitColumn {
    let columns = all_unfit(opened);
    assert_eq!(columns.len(), 1, "{columns:?}");
    columns[0].clone()
}

fn run(connection: &mut impl SimpleConnection, statements: &str) {
    connection.batch_execute(statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
}

/// `people` with the column of this field.
fn create(connection: &mut impl SimpleConnection, field: &Field, declared: &str) {
    run(connection, &format!("CREATE TABLE people (id integer PRIMARY KEY, {} {declared})", field.column()));
}

fn accepted(
    connection: &mut (impl KeyStoreConnection + SimpleConnection),
    field: &'static Field,
    declarations: &[&str],
) {
    for declared in declarations {
        create(connection, field, declared);
        if let Err(error) = open(connection, &[field]) {
            panic!("{declared}: {error}");
        }
        run(connection, "DROP TABLE people");
    }
}

/// Makes `people` with one column, which is refused; runs the statement of the error, and opens.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn mended(
    connection: &mut (impl KeyStoreConnection + SimpleConnection),
    field: &'static Field,
    declared: &str,
    reason: &str,
    statement: &str,
) {
    create(connection, field, declared);
    let unfit = unfit(open(connection, &[field]));
    assert_eq!((unfit.table.as_str(), unfit.column.as_str()), ("people", field.column()));
    assert!(unfit.reason.contains(reason), "{declared}: {unfit}");
    assert_eq!(unfit.statement.as_deref(), Some(statement), "{declared}: {unfit}");
    // As somebody does who reads the message.
    let message = unfit.to_string();
    run(connection, message.rsplit_once("Run: ").unwrap().1);
    if let Err(error) = open(connection, &[field]) {
        panic!("{declared}, after `{statement}`: {error}");
    }
    run(connection, "DROP TABLE people");
}

const NARROW: &str = "too narrow";
const COLLATION: &str = "not bytewise";

#[cfg(feature = "postgres")]
#[test]
fn postgres_names_the_statement_that_mends_a_column() {
    let connection = &mut *server::postgres();
    run(connection, "CREATE COLLATION blurred (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
    run(connection, "CREATE DOMAIN short AS varchar(70) NOT NULL; CREATE DOMAIN shorter AS short");
    run(connection, "CREATE EXTENSION citext");
    let text = |connection: &mut PgConnection, declared: &str, reason: &str, what: &str| {
        let statement = format!("ALTER TABLE \"people\" ALTER COLUMN \"note\" TYPE {what}");
        mended(connection, &NOTE, declared, reason, &statement);
    };
    for declared in ["varchar(70)", "varchar(40) NOT NULL DEFAULT ''", "varchar(1)", "short", "shorter"] {
        text(connection, declared, NARROW, "varchar(410)");
    }
    text(connection, "varchar(400) COLLATE blurred", COLLATION, "varchar(400) COLLATE \"C\"");
    text(connection, "text COLLATE blurred DEFAULT ''", COLLATION, "text COLLATE \"C\"");
    text(connection, "varchar(70) COLLATE blurred", "characters, and which is not", "varchar(410) COLLATE \"C\"");
    text(connection, "char(400)", "filled up with blanks", "text USING \"note\"::text");
    for declared in ["citext", "uuid", "jsonb", "json", "integer", "name", "text[]"] {
        text(connection, declared, "the model has `Text`", "text USING \"note\"::text");
    }
    text(connection, "bytea", "the model has `Text`", "text USING convert_from(\"note\", 'UTF8')");

    let bytes = |connection: &mut PgConnection, declared: &str, what: &str| {
        let statement = format!("ALTER TABLE \"people\" {what}");
        mended(connection, &EMAIL, declared, "the model has `Binary`", &statement);
    };
    for declared in ["text", "text NOT NULL", "varchar(500)", "shorter"] {
        bytes(connection, declared, "ALTER COLUMN \"email\" TYPE bytea USING convert_to(\"email\", 'UTF8')");
    }
    for declared in ["char(400)", "uuid", "jsonb", "json", "integer", "citext", "bit(400)"] {
        bytes(connection, declared, "ALTER COLUMN \"email\" TYPE bytea USING convert_to(\"email\"::text, 'UTF8')");
    }
    bytes(
        connection,
        "text DEFAULT ''",
        "ALTER COLUMN \"email\" DROP DEFAULT, ALTER COLUMN \"email\" TYPE bytea USING convert_to(\"email\", 'UTF8')",
    );
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_names_the_statement_that_mends_a_column() {
    let connection = &mut *server::mysql();
    let text = |connection: &mut MysqlConnection, declared: &str, reason: &str, what: &str| {
        mended(connection, &NOTE, declared, reason, &format!("ALTER TABLE `people` MODIFY `note` {what}"));
    };
    const BIN: &str = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
    const ASCII: &str = "CHARACTER SET ascii COLLATE ascii_bin";
    let narrow = "varchar(70) COLLATE utf8mb4_bin";
    text(connection, narrow, NARROW, &format!("varchar(410) {BIN} NULL"));
    text(connection, &format!("{narrow} NOT NULL DEFAULT ''"), NARROW, &format!("varchar(410) {BIN} NOT NULL"));
    let comment = "COMMENT 'it''s \\\\ a `note`'";
    text(connection, &format!("{narrow} {comment}"), NARROW, &format!("varchar(410) {BIN} NULL {comment}"));
    text(connection, "varchar(70)", "characters, and which is not", &format!("varchar(410) {BIN} NULL"));
    text(connection, "varchar(400)", COLLATION, &format!("varchar(400) {BIN} NULL"));
    text(connection, "varchar(400) COLLATE utf8mb4_unicode_ci", COLLATION, &format!("varchar(400) {BIN} NULL"));
    text(connection, "varchar(5000)", COLLATION, &format!("varchar(5000) {BIN} NULL"));
    for declared in ["tinytext", "text", "mediumtext", "longtext"] {
        text(connection, declared, COLLATION, &format!("{declared} {BIN} NULL"));
    }
    let both = "varchar(40) COLLATE utf8mb4_general_ci";
    text(connection, both, "characters, and which is not bytewise", &format!("varchar(410) {BIN} NULL"));
    text(connection, "varchar(400) COLLATE utf8mb4_general_ci", COLLATION, &format!("varchar(400) {BIN} NULL"));
    text(connection, "text CHARACTER SET latin1", COLLATION, "text CHARACTER SET latin1 COLLATE latin1_bin NULL");
    text(connection, "char(200)", "filled up with blanks", &format!("varchar(800) {BIN} NULL"));
    text(connection, "enum('a', 'b')", "the model has `Text`", &format!("varchar(410) {BIN} NULL"));
    text(connection, "integer", "the model has `Text`", &format!("varchar(410) {ASCII} NULL"));
    text(connection, "blob", "the model has `Text`", &format!("text {ASCII} NULL"));
    text(connection, "varbinary(500) NOT NULL", "the model has `Text`", &format!("varchar(500) {ASCII} NOT NULL"));

    let bytes = |connection: &mut MysqlConnection, declared: &str, reason: &str, what: &str| {
        mended(connection, &EMAIL, declared, reason, &format!("ALTER TABLE `people` MODIFY `email` {what}"));
    };
    bytes(connection, "varbinary(52)", NARROW, "varbinary(307) NULL");
    bytes(connection, "varbinary(52) NOT NULL DEFAULT ''", NARROW, "varbinary(307) NOT NULL");
    bytes(connection, "binary(60)", "filled up with zero bytes", "varbinary(307) NULL");
    for (declared, what) in [
        ("varchar(50)", "varbinary(307)"),
        ("varchar(500)", "varbinary(2000)"),
        ("varchar(2000)", "blob"),
        ("text", "blob"),
        ("longtext", "longblob"),
        ("integer", "varbinary(307)"),
        ("datetime", "varbinary(307)"),
    ] {
        bytes(connection, declared, "the model has `Binary`", &format!("{what} NULL"));
    }
}

/// SQLite cannot alter a column, and few things stop it from holding what it is given.
#[test]
fn sqlite_names_what_it_cannot_alter() {
    let connection = &mut SqliteConnection::establish(":memory:").unwrap();
    accepted(connection, &NOTE, &["text", "text NOT NULL COLLATE BINARY", "varchar(4)", "", "blob", "integer"]);
    accepted(connection, &EMAIL, &["blob", "binary(3)", "", "text", "text COLLATE NOCASE", "uuid", "numeric"]);
    for declared in ["text COLLATE NOCASE", "text NOT NULL COLLATE nocase", "varchar(40) COLLATE RTRIM"] {
        create(connection, &NOTE, declared);
        let unfit = unfit(open(connection, &[&NOTE]));
        assert!(unfit.reason.contains("otherwise than bytewise") && unfit.statement.is_none(), "{unfit}");
        assert_eq!(unfit.to_string().contains("`note` TEXT NOT NULL,"), declared.contains("NOT NULL"), "{unfit}");
        run(connection, "DROP TABLE people");
    }
    for (field, declared, fits) in [
        (&NOTE, "text", true),
        (&NOTE, "any", true),
        (&NOTE, "blob", false),
        (&NOTE, "int", false),
        (&EMAIL, "blob", true),
        (&EMAIL, "any", true),
        (&EMAIL, "text", false),
    ] {
        let strict = format!("CREATE TABLE people (id integer PRIMARY KEY, {} {declared}) STRICT", field.column());
        run(connection, &strict);
        match (open(connection, &[field]), fits) {
            (Ok(_), true) => {}
            (opened, _) => assert!(unfit(opened).reason.contains("STRICT"), "{declared}"),
        }
        run(connection, "DROP TABLE people");
    }
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_accepts_what_holds_sealed_values() {
    let connection = &mut *server::postgres();
    run(
        connection,
        "CREATE DOMAIN sealed AS bytea CHECK (octet_length(value) > 40); CREATE DOMAIN sealed_line AS varchar(80)",
    );
    accepted(
        connection,
        &NOTE,
        &["text", "varchar", "varchar(71)", "text COLLATE \"C\"", "sealed_line", "varchar(400) NOT NULL"],
    );
    accepted(connection, &EMAIL, &["bytea", "bytea NOT NULL", "sealed"]);
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_accepts_what_holds_sealed_values() {
    let connection = &mut *server::mysql();
    for collation in
        ["COLLATE utf8mb4_bin", "CHARACTER SET ascii COLLATE ascii_bin", "CHARACTER SET latin1 COLLATE latin1_bin"]
    {
        for kind in ["varchar(71)", "tinytext", "text", "mediumtext", "longtext"] {
            accepted(connection, &NOTE, &[&format!("{kind} {collation}")]);
        }
    }
    accepted(connection, &EMAIL, &["varbinary(53)", "tinyblob", "blob", "mediumblob", "longblob NOT NULL"]);
}

/// The narrowest column that is not refused holds a value.
#[cfg(any(feature = "postgres", feature = "mysql"))]
macro_rules! holds_a_value {
    ($connection:expr, $field:expr, $column:ident, $form:expr, $declared:expr) => {{
        let connection = &mut *$connection;
        create(connection, $field, $declared);
        let vault = open(connection, &[$field]).unwrap();
        let sealed = $form(vault.seal($field, "x").unwrap());
        diesel::insert_into(people::table)
            .values((people::id.eq(1), people::$column.eq(&sealed)))
            .execute(connection)
            .unwrap();
        let read = people::table.select(people::$column).first(connection);
        assert_eq!(read, Ok(Some(sealed)), "it was not cut");
        let longer = $form(vault.seal($field, "xy").unwrap());
        let refused = diesel::update(people::table).set(people::$column.eq(longer)).execute(connection);
        assert!(refused.is_err(), "the column has an end");
    }};
}

#[cfg(feature = "postgres")]
#[test]
fn the_narrowest_column_on_postgres_holds_a_value() {
    holds_a_value!(server::postgres(), &NOTE, note, |sealed: Vec<u8>| text::encode(&sealed), "varchar(71)");
}

#[cfg(feature = "mysql")]
#[test]
fn the_narrowest_column_on_mysql_holds_a_value() {
    holds_a_value!(server::mysql(), &EMAIL, email, |sealed: Vec<u8>| sealed, "varbinary(53)");
    let form = |sealed: Vec<u8>| text::encode(&sealed);
    holds_a_value!(server::mysql(), &NOTE, note, form, "varchar(71) COLLATE utf8mb4_bin");
}

#[cfg(feature = "mysql")]
#[test]
fn the_least_room_depends_on_the_kind_of_value_and_on_padding() {
    let connection = &mut *server::mysql();
    for (field, declared, needed) in [(&BADGE, "varbinary(52)", 53), (&PADDED, "varbinary(136)", 137)] {
        create(connection, field, declared);
        let unfit = unfit(open(connection, &[field]));
        assert!(unfit.reason.contains(&format!("has {needed} bytes")), "{unfit}");
        run(connection, "DROP TABLE people");
        accepted(connection, field, &[&format!("varbinary({needed})")]);
    }
}

/// A lax session cuts, and what was cut never opens: no column may have an end that a value can reach.
#[cfg(feature = "mysql")]
#[test]
fn a_lax_session_is_refused_where_it_could_cut() {
    let connection = &mut *server::mysql();
    let lax = "SET SESSION sql_mode = ''";
    run(connection, lax);
    accepted(connection, &EMAIL, &["mediumblob", "longblob"]);
    accepted(connection, &NOTE, &["mediumtext COLLATE utf8mb4_bin", "longtext COLLATE utf8mb4_bin"]);
    accepted(connection, &BADGE, &["varbinary(53)"]);
    for declared in ["varbinary(53)", "varbinary(5000)", "tinyblob", "blob"] {
        create(connection, &EMAIL, declared);
        let Err(VaultError::Store(StoreError::LaxMode { columns, statement })) = open(connection, &[&EMAIL]) else {
            panic!("{declared} was accepted");
        };
        assert_eq!(columns, format!("people.email ({declared})"));
        run(connection, &statement);
        open(connection, &[&EMAIL]).unwrap();
        run(connection, "DROP TABLE people");
        run(connection, lax);
    }
    // What does not fit is named first.
    create(connection, &NOTE, "varchar(70)");
    let unfit = unfit(open(connection, &[&NOTE]));
    run(connection, unfit.statement.as_deref().unwrap());
    let error = open(connection, &[&NOTE]).unwrap_err();
    assert!(error.to_string().contains("people.note (varchar(410))"), "{error}");
    for strict in ["STRICT_ALL_TABLES", "TRADITIONAL", "ANSI,STRICT_TRANS_TABLES"] {
        run(connection, &format!("SET SESSION sql_mode = '{strict}'"));
        open(connection, &[&NOTE]).unwrap();
    }
}

macro_rules! columns {
    ($backend:ident: $connection:expr, $bytes:literal, $text:literal, $unfit_text:literal) => {
        mod $backend {
            use super::*;

            #[test]
            fn a_missing_table_or_column_is_named_and_spoils_no_transaction() {
                let connection = &mut *$connection;
                create(connection, &EMAIL, $bytes);
                for field in [&NO_COLUMN, &NO_TABLE, &NO_SCHEMA] {
                    let after = connection.transaction(|connection| {
                        let error = open(connection, &[&EMAIL, field]).unwrap_err();
                        let named = matches!(&error, VaultError::Store(StoreError::NoColumn { table, column, .. })
                            if table == field.table() && column == field.column());
                        assert!(named, "{error}");
                        people::table.count().get_result::<i64>(connection)
                    });
                    assert_eq!(after, Ok(0), "{}", field.id());
                }
                let made = connection.batch_execute("SELECT 1 FROM encryption_keys");
                assert!(made.is_err(), "the key tables are not made for a vault that does not open");
            }

            #[test]
            fn every_unfit_column_is_named_at_once() {
                let connection = &mut *$connection;
                run(connection, concat!("CREATE TABLE people (id integer PRIMARY KEY, note ", $unfit_text, ")"));
                run(connection, concat!("CREATE TABLE friends (id integer PRIMARY KEY, note ", $unfit_text, ")"));
                static OTHER: Field = Field::new("friends.note", "friends", "note", Class::Text, Storage::Text);
                let error = open(connection, &[&NOTE, &OTHER]).unwrap_err();
                assert!(error.to_string().contains("`people`") && error.to_string().contains("`friends`"), "{error}");
                assert_eq!(all_unfit(Err(error)).len(), 2);
            }

            #[test]
            fn a_view_is_looked_at_like_a_table() {
                static SHOWN: Field = Field::new("shown.note", "shown", "note", Class::Text, Storage::Text);
                let connection = &mut *$connection;
                create(connection, &NOTE, $text);
                run(connection, "CREATE VIEW shown AS SELECT id, note FROM people");
                open(connection, &[&SHOWN]).unwrap();
                run(connection, "DROP VIEW shown; DROP TABLE people");
                create(connection, &NOTE, $unfit_text);
                run(connection, "CREATE VIEW shown AS SELECT id, note FROM people");
                let unfit = unfit(open(connection, &[&SHOWN]));
                assert!(unfit.statement.is_none() && unfit.advice.is_some(), "{unfit}");
            }

            #[test]
            fn a_temporary_table_is_found() {
                let connection = &mut *$connection;
                let columns = concat!("(id integer PRIMARY KEY, email ", $bytes, ", note ", $text, ")");
                run(connection, &format!("CREATE TEMPORARY TABLE people {columns}"));
                open(connection, &[&EMAIL, &NOTE]).unwrap();
            }

            #[test]
            fn opening_what_is_up_to_date_takes_one_look_at_the_catalogue() {
                let connection = &mut *$connection;
                run(
                    connection,
                    concat!("CREATE TABLE people (id integer PRIMARY KEY, email ", $bytes, ", note ", $text, ")"),
                );
                open(connection, &[&EMAIL, &NOTE]).unwrap();
                let statements = Arc::new(Mutex::new(Vec::new()));
                let log = statements.clone();
                connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                    if let InstrumentationEvent::StartQuery { query, .. } = event {
                        log.lock().unwrap().push(query.to_string());
                    }
                });
                open(connection, &[&EMAIL, &NOTE]).unwrap();
                let statements = statements.lock().unwrap();
                // SQLite's catalogue does not tell how a column compares: it is asked twice.
                let asked = if stringify!($backend) == "sqlite" { 2 } else { 1 };
                let tables = ["encryption_keys", "encrypted_columns", "encryption_audit"];
                assert_eq!(statements.len(), asked + tables.len(), "{statements:#?}");
            }
        }
    };
}

columns!(
    sqlite: Box::new(SqliteConnection::establish(":memory:").unwrap()),
    "blob", "text", "text COLLATE NOCASE"
);
#[cfg(feature = "postgres")]
columns!(postgres: server::postgres(), "bytea", "text", "varchar(40)");
#[cfg(feature = "mysql")]
columns!(mysql: server::mysql(), "varbinary(400)", "text COLLATE utf8mb4_bin", "varchar(400) COLLATE utf8mb4_general_ci");
