//! The generated columns by which MySQL and MariaDB find tags: nobody meets them who does not ask for them.

#![cfg(feature = "mysql")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Integer, Text};
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::{self, Dialect};
use diesel_encrypted_tests::clinic::{self, Visit, visit, visits};

/// The table of visits with its index, and one visit.
fn with_a_visit(test: impl FnOnce(&mut MysqlConnection)) {
    clinic::vault().enter(|| {
        let conn: &mut MysqlConnection = &mut clinic::mysql();
        conn.batch_execute(&sql::of::<Visit>(Dialect::Mysql).drop_indexes().join(";")).unwrap();
        conn.batch_execute(&sql::of::<Visit>(Dialect::Mysql).unique("contact", "default").up().unwrap()).unwrap();
        diesel::insert_into(visits::table).values(&visit(1, 7, "Ada@x")).execute(conn).unwrap();
        test(conn);
    });
}

fn found(conn: &mut MysqlConnection) -> QueryResult<Vec<i32>> {
    visits::table.filter(visits::contact.blind_eq("ada@X")).select(visits::id).order(visits::id).load(conn)
}

#[test]
fn they_are_added_without_rewriting_a_row_and_indexed_while_others_write() {
    with_a_visit(|conn| {
        let sql = sql::of::<Visit>(Dialect::Mysql).unique("contact", "default");
        conn.batch_execute(&sql.drop_indexes().join(";")).unwrap();
        let [add, index] = sql.indexes().unwrap().try_into().unwrap();
        // The server refuses a statement that it cannot run so.
        conn.batch_execute(&format!("{add}, ALGORITHM=INSTANT")).unwrap();
        conn.batch_execute(&format!("{index} ALGORITHM=INPLACE LOCK=NONE")).unwrap();
        assert_eq!(found(conn), Ok(vec![1]));
    });
}

#[test]
fn select_star_and_inserts_without_columns_do_not_meet_them() {
    with_a_visit(|conn| {
        let by_position = diesel::dsl::sql::<(Integer, Integer, Binary)>("SELECT * FROM visits");
        let rows: Vec<(i32, i32, Encrypted<String, visits::contact>)> = by_position.load(conn).unwrap();
        let contacts: Vec<&str> = rows.iter().map(|(_, _, contact)| contact.expose().as_str()).collect();
        assert_eq!(contacts, ["Ada@x"]);
        conn.batch_execute("CREATE TABLE copy AS SELECT * FROM visits; DELETE FROM visits").unwrap();
        conn.batch_execute("INSERT INTO visits SELECT * FROM copy").unwrap();
        assert_eq!(found(conn), Ok(vec![1]));
        conn.batch_execute("UPDATE copy SET id = 2; REPLACE INTO visits SELECT * FROM copy").unwrap();
        assert_eq!(found(conn), Ok(vec![2]), "in place of the one that is equal");
    });
}

#[test]
fn a_table_is_made_again_by_what_the_server_shows() {
    #[derive(QueryableByName)]
    struct Shown {
        #[diesel(sql_type = Text, column_name = "Create Table")]
        create: String,
    }
    with_a_visit(|conn| {
        let shown = |conn: &mut MysqlConnection| -> String {
            diesel::sql_query("SHOW CREATE TABLE visits").get_result::<Shown>(conn).unwrap().create
        };
        let create = shown(conn);
        assert!(create.contains("`contact_tag_0`") && create.contains("visits_contact_default"), "{create}");
        conn.batch_execute("RENAME TABLE visits TO old").unwrap();
        // The name of a constraint is the schema's on MySQL.
        conn.batch_execute("ALTER TABLE old DROP CONSTRAINT visits_contact_sealed").unwrap();
        conn.batch_execute(&create).unwrap();
        conn.batch_execute("INSERT INTO visits SELECT * FROM old").unwrap();
        assert_eq!(shown(conn), create);
        assert_eq!(found(conn), Ok(vec![1]));
    });
}

#[test]
fn a_search_without_one_names_it() {
    with_a_visit(|conn| {
        conn.batch_execute(&sql::of::<Visit>(Dialect::Mysql).drop_indexes().join(";")).unwrap();
        let error = found(conn).unwrap_err().to_string();
        assert!(error.contains("Unknown column 'visits.contact_tag_0'"), "{error}");
    });
}

#[test]
fn a_view_has_to_name_them() {
    with_a_visit(|conn| {
        conn.batch_execute("RENAME TABLE visits TO all_visits").unwrap();
        conn.batch_execute("CREATE VIEW visits AS SELECT * FROM all_visits").unwrap();
        let error = found(conn).unwrap_err().to_string();
        assert!(error.contains("Unknown column 'visits.contact_tag_0'"), "{error}");
        conn.batch_execute("CREATE OR REPLACE VIEW visits AS SELECT *, contact_tag_0 FROM all_visits").unwrap();
        assert_eq!(found(conn), Ok(vec![1]));
    });
}
