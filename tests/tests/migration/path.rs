//! The whole path in place, while two releases of the application write: processes of their own, each with its own model.

use std::collections::BTreeMap;

use diesel_encrypted::{
    maintenance::{Maintenance, Selection, status},
    sql::Dialect,
};
use diesel_encrypted_tests::{
    people::{self, Database},
    scratch::Scratch,
};

use super::{
    on, on_every_database,
    release::{ROWS, Release, a_while, sql},
};

on_every_database! {
    a_column_is_migrated_in_place_while_two_releases_write,
}

fn table<C: Database>() -> Scratch<C> {
    let mut connection = C::fresh();
    if C::DIALECT == Dialect::Sqlite {
        connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 30000").unwrap();
    }
    // As many an application has it.
    let text = match C::DIALECT {
        Dialect::Mysql => "varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
        Dialect::Postgres => "text",
        _ => "varchar(100)",
    };
    connection
        .batch_execute(&format!(
            "CREATE TABLE accounts (id integer PRIMARY KEY, version bigint NOT NULL, email {text})"
        ))
        .unwrap();
    for id in 1..=ROWS {
        let row = format!("INSERT INTO accounts VALUES ({id}, 0, 'Person{id}.v0@Example.ORG')");
        connection.batch_execute(&row).unwrap();
    }
    connection
}

fn widen<C: Database>(connection: &mut C, url: &str) {
    if C::DIALECT == Dialect::Mysql {
        let widen = "ALTER TABLE accounts MODIFY email longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
        connection.batch_execute(widen).unwrap();
    }
    for statement in sql(url, "sql") {
        connection.batch_execute(&statement).unwrap();
    }
}

/// Why the column is wide from the beginning in the test of the whole path, there.
#[cfg(feature = "postgres")]
#[test]
fn on_postgres_a_change_of_type_fails_statements_that_were_prepared_before() {
    use diesel::{connection::SimpleConnection, prelude::*};

    diesel::table! { accounts (id) { id -> Integer, email -> Text } }

    let mut connection = <diesel::PgConnection as diesel_encrypted_tests::backend::Backend>::fresh();
    connection.batch_execute("CREATE TABLE accounts (id integer PRIMARY KEY, email varchar(100))").unwrap();
    connection.batch_execute("INSERT INTO accounts VALUES (1, 'ada')").unwrap();
    let mut old = connection.connect();
    let email = accounts::table.find(1).select(accounts::email);
    assert_eq!(email.first(&mut old), Ok("ada".to_owned()));
    connection.batch_execute("ALTER TABLE accounts ALTER COLUMN email TYPE text").unwrap();
    for _ in 0..2 {
        let error = email.first::<String>(&mut old).unwrap_err().to_string();
        assert_eq!(error, "cached plan must not change result type");
    }
    assert_eq!(email.first(&mut connection.connect()), Ok("ada".to_owned()));
}

fn a_column_is_migrated_in_place_while_two_releases_write<C: Database>() {
    let mut connection = table::<C>();
    let url = connection.url().to_owned();
    let mut versions = BTreeMap::new();

    // Widen, while the release before works.
    let before = Release::start(&url, "before");
    a_while();
    widen(&mut *connection, &url);
    // Deploy the one that reads both, beside it. Each reads what it is able to: the one before, its own rows.
    let both = Release::start(&url, "both");
    a_while();
    let found = before.end(&mut versions);
    assert!(found.searches > 20 && found.reads > 20, "{found:?}");

    // Backfill, while a straggler goes on writing as before, and the other reads and finds all of it.
    let straggler = Release::start(&url, "straggler");
    let tool = people::registered(&mut *connection);
    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    let first = maintenance.backfill(&Selection::all()).batch(50).run(on).unwrap();
    assert!(first.counts().done > 1000 && first.counts().failed == 0, "{first:?}");
    a_while();
    straggler.end(&mut versions);
    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    let last = maintenance.backfill(&Selection::all()).batch(50).run(on).unwrap();
    assert!(last.is_clean(), "{last:?}");
    assert!(last.counts().done > 0, "the straggler left something: {last:?}");

    // Verify, while it works.
    let verified = maintenance.verify(&Selection::all()).run(on).unwrap();
    assert!(verified.is_clean() && verified.counts().skipped == 0, "{verified:?}");
    let rows = u64::try_from(ROWS).unwrap();
    assert_eq!(verified.counts().done, rows);
    let column = status(&mut *connection).unwrap().remove(0);
    assert_eq!((column.plaintext, column.percent_sealed()), (0, 100.0));

    // Strict, and guarded. The release that reads both may stay a while.
    let strict = Release::start(&url, "strict");
    let sql = diesel_encrypted::sql::of_fields(tool.fields(), C::DIALECT);
    for statement in sql.drop_clear_indexes().into_iter().chain(sql.guards()) {
        connection.batch_execute(&statement).unwrap();
    }
    a_while();
    let both = both.end(&mut versions);
    assert!(both.searches > 50, "{both:?}");
    strict.end(&mut versions);
    let planted = connection.batch_execute("UPDATE accounts SET email = 'planted@example.org' WHERE id = 1");
    assert!(planted.is_err(), "the guard takes plaintext");

    // Nothing is lost.
    let tool = people::registered(&mut *connection);
    let field = tool.fields().next().unwrap();
    let bytes = match C::DIALECT {
        Dialect::Postgres => "convert_to(email, 'UTF8')",
        Dialect::Mysql => "CAST(email AS BINARY)",
        _ => "CAST(email AS BLOB)",
    };
    let stored = connection.rows(&format!("version * 0 + id, {bytes}, {bytes} FROM accounts"));
    assert_eq!(stored.len(), usize::try_from(ROWS).unwrap());
    for (id, email, _) in stored {
        let email: String = tool.open_text(field, str::from_utf8(&email.unwrap()).unwrap()).unwrap();
        let version = versions.get(&id).copied().unwrap_or(0);
        assert!(email.to_lowercase() == format!("person{id}.v{version}@example.org"), "row {id}: {email}");
        assert_eq!(connection.number(&format!("version FROM accounts WHERE id = {id}")), version);
    }
}
