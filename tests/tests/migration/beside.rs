//! Into a new column beside the old one, which a release that knows nothing of it goes on writing.

use std::collections::BTreeMap;

use diesel_encrypted::{
    maintenance::{Maintenance, MaintenanceError, Reason, Selection},
    sql::{self, Dialect},
};
use diesel_encrypted_tests::{
    people::{self, Database, OLD},
    scratch::Scratch,
};

use super::{
    on, on_every_database,
    release::{ROWS, Release, a_while, sql},
};

on_every_database! {
    a_new_column_is_filled_while_an_old_release_writes_the_old_one,
    what_changes_in_the_old_column_alone_is_forgotten_and_made_anew,
    a_column_that_differs_from_the_one_beside_it_is_reported_and_repaired,
}

fn table<C: Database>() -> Scratch<C> {
    let mut connection = C::fresh();
    if C::DIALECT == Dialect::Sqlite {
        connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 30000").unwrap();
    }
    let create = "CREATE TABLE accounts (id integer PRIMARY KEY, version bigint NOT NULL, email varchar(100))";
    connection.batch_execute(create).unwrap();
    for ids in (1..=ROWS).collect::<Vec<_>>().chunks(500) {
        let rows: Vec<String> = ids.iter().map(|id| format!("({id}, 0, 'Person{id}.v0@Example.ORG')")).collect();
        let insert = format!("INSERT INTO accounts (id, version, email) VALUES {}", rows.join(", "));
        connection.batch_execute(&insert).unwrap();
    }
    connection
}

fn add_column<C: Database>(connection: &mut C, url: &str) {
    connection.batch_execute(&format!("ALTER TABLE accounts ADD COLUMN sealed {}", C::BYTES)).unwrap();
    for statement in sql(url, "sql-beside") {
        connection.batch_execute(&statement).unwrap();
    }
}

/// What every row holds, sealed.
fn sealed<C: Database>(connection: &mut C) -> Vec<(i64, Option<String>)> {
    let tool = people::registered(connection);
    let field = tool.fields().next().unwrap();
    let rows = connection.rows("version * 0 + id, sealed, sealed FROM accounts ORDER BY id");
    rows.into_iter().map(|(id, value, _)| (id, value.map(|value| tool.open(field, value).unwrap()))).collect()
}

fn a_new_column_is_filled_while_an_old_release_writes_the_old_one<C: Database>() {
    let mut connection = table::<C>();
    let url = connection.url().to_owned();
    let mut versions = BTreeMap::new();
    let before = Release::start(&url, "before");
    a_while();
    // The release that writes both, beside the one before: all that either reads is the old column.
    add_column(&mut *connection, &url);
    let dual = Release::start(&url, "dual");
    a_while();
    let tool = people::registered(&mut *connection);
    let column = Selection::all().column("accounts", "sealed");
    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    let first = maintenance.backfill(&column).from("email").batch(50).run(on).unwrap();
    assert!(first.counts().done > 500 && first.counts().failed == 0, "{first:?}");
    a_while();
    let found = before.end(&mut versions);
    assert!(found.searches > 20, "{found:?}");
    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    let last = maintenance.backfill(&column).from("email").batch(50).run(on).unwrap();
    assert!(last.is_clean() && last.counts().done > 0, "the one before left something: {last:?}");
    assert!(maintenance.verify(&column).run(on).unwrap().is_clean());

    // The one that reads the new column, and the old one goes when the release that writes it is gone.
    let unfollow = sql::of_fields(tool.fields(), C::DIALECT).unfollow("sealed").unwrap();
    let dual = dual.end(&mut versions);
    assert!(dual.searches > 50, "{dual:?}");
    for (id, value) in sealed(&mut *connection) {
        let version = versions.get(&id).copied().unwrap_or(0);
        assert_eq!(value.unwrap().to_lowercase(), format!("person{id}.v{version}@example.org"));
    }
    let beside = Release::start(&url, "beside");
    a_while();
    for statement in unfollow {
        connection.batch_execute(&statement).unwrap();
    }
    a_while();
    let found = beside.end(&mut versions);
    assert!(found.searches > 50, "{found:?}");
    connection.batch_execute("ALTER TABLE accounts DROP COLUMN email").unwrap();
    for (id, value) in sealed(&mut *connection) {
        let version = versions.get(&id).copied().unwrap_or(0);
        assert_eq!(value.unwrap().to_lowercase(), format!("person{id}.v{version}@example.org"));
    }
}

fn what_changes_in_the_old_column_alone_is_forgotten_and_made_anew<C: Database>() {
    let mut connection = table::<C>();
    let url = connection.url().to_owned();
    add_column(&mut *connection, &url);
    // It registers the column, and makes its keys.
    let dual = Release::start(&url, "dual");
    a_while();
    dual.end(&mut BTreeMap::new());
    connection.batch_execute("DELETE FROM accounts WHERE id > 5").unwrap();
    let tool = people::registered(&mut *connection);
    let column = Selection::all().column("accounts", "sealed");
    let backfill = |connection: &mut C| {
        let mut maintenance = Maintenance::open(connection, &tool).unwrap();
        let report = maintenance.backfill(&column).from("email").run(on).unwrap();
        assert!(report.is_clean());
        report.counts().done
    };
    backfill(&mut connection);
    let field = tool.fields().next().unwrap();
    let both = C::literal(&tool.seal(field, "both@example.org").unwrap());
    for change in [
        "UPDATE accounts SET email = 'changed@example.org' WHERE id = 1".to_owned(),
        "UPDATE accounts SET email = NULL WHERE id = 2".to_owned(),
        format!("UPDATE accounts SET email = 'both@example.org', sealed = {both} WHERE id = 3"),
        "UPDATE accounts SET version = version + 1, email = email WHERE id = 4".to_owned(),
        "INSERT INTO accounts (id, version, email) VALUES (6, 0, 'new@example.org')".to_owned(),
    ] {
        connection.batch_execute(&change).unwrap();
    }
    let known = sealed(&mut *connection);
    let is_there: Vec<bool> = known.iter().map(|(_, value)| value.is_some()).collect();
    assert_eq!(is_there, [false, false, true, true, true, false]);
    assert_eq!(known[2].1.as_deref(), Some("both@example.org"));
    assert_eq!(backfill(&mut connection), 2);
    let known = sealed(&mut *connection);
    assert_eq!((known[0].1.as_deref(), known[1].1.as_deref()), (Some("changed@example.org"), None));
    assert_eq!(known[5].1.as_deref(), Some("new@example.org"));
}

fn a_column_that_differs_from_the_one_beside_it_is_reported_and_repaired<C: Database>() {
    let mut connection = people::table::<C>();
    let vault = people::vault(&mut *connection, &OLD);
    for id in 1..=20 {
        let row = format!("INSERT INTO people (id, plain) VALUES ({id}, 'Person{id}.0@example.org')");
        connection.batch_execute(&row).unwrap();
    }
    connection.batch_execute("INSERT INTO people (id) VALUES (21)").unwrap();
    let email = Selection::all().column("people", "email");
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    assert!(maintenance.backfill(&email).from("plain").run(on).unwrap().is_clean());
    let compared = maintenance.verify(&email).against("plain").batch(7).run(on).unwrap();
    assert!(compared.is_clean() && compared.counts().done == 20, "{compared:?}");
    assert!(matches!(
        maintenance.verify(&Selection::all()).against("plain").run(on),
        Err(MaintenanceError::OneColumn { .. })
    ));

    let other = C::literal(&people::sealed(&vault, &OLD, 4, 7)[0]);
    for change in [
        "UPDATE people SET plain = 'Person3.1@example.org' WHERE id = 3".to_owned(),
        format!("UPDATE people SET email = {other} WHERE id = 4"),
        "UPDATE people SET plain = NULL WHERE id = 5".to_owned(),
        "UPDATE people SET email = NULL WHERE id = 6".to_owned(),
        "UPDATE people SET plain = '' WHERE id = 7".to_owned(),
    ] {
        connection.batch_execute(&change).unwrap();
    }
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let compared = maintenance.verify(&email).against("plain").batch(7).run(on).unwrap();
    let found: Vec<&str> = compared.failures.iter().map(|failure| failure.key.as_str()).collect();
    assert_eq!((found.as_slice(), compared.counts().done), (&["3", "4", "5", "6", "7"][..], 15));
    assert!(compared.failures.iter().all(|failure| failure.reason == Reason::Differs));
    assert!(maintenance.verify(&email).run(on).unwrap().is_clean(), "each value opens, for itself");

    connection.batch_execute("UPDATE people SET email = NULL WHERE id BETWEEN 3 AND 7").unwrap();
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    assert_eq!(maintenance.backfill(&email).from("plain").run(on).unwrap().counts().done, 4);
    assert!(maintenance.verify(&email).against("plain").run(on).unwrap().is_clean());
}
