//! Which SQL each variant is given.

use std::sync::{Arc, Mutex};

use diesel::connection::InstrumentationEvent;
use diesel::dsl::insert_into;
use diesel::prelude::*;
use diesel_encrypted::Dialect;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::{self, patient, patients};

use super::{AnyConnection, on_each};

/// The statements that `run` executes, with their bind parameters as Diesel would log them.
fn logged(conn: &mut AnyConnection, run: impl FnOnce(&mut AnyConnection)) -> String {
    let log = Arc::new(Mutex::new(String::new()));
    let seen = log.clone();
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            seen.lock().unwrap().push_str(&format!("{query}\n"));
        }
    });
    run(conn);
    let log = log.lock().unwrap();
    log.clone()
}

macro_rules! suite {
    ($name:ident, $fresh:path) => {
        mod $name {
            use super::*;

            #[test]
            fn a_variant_gets_the_sql_of_its_own_database() {
                let database = $fresh();
                let conn = &mut database.connect();
                clinic::vault().enter(|| {
                    let sql = logged(conn, |conn| {
                        patients::table.select(patients::email.blind_index()).load::<Option<Vec<u8>>>(conn).unwrap();
                    });
                    let literal = match database.dialect {
                        Dialect::Postgres => r"'\xe10100'::bytea",
                        _ => "x'e10100'",
                    };
                    assert!(sql.contains(literal), "{sql}");
                    let quoted = match database.dialect {
                        Dialect::Postgres => r#""patients"."email""#,
                        _ => "`patients`.`email`",
                    };
                    assert!(sql.contains(quoted), "{sql}");
                });
            }

            #[test]
            fn no_value_is_in_what_diesel_logs() {
                let database = $fresh();
                let conn = &mut database.connect();
                clinic::vault().enter(|| {
                    let sql = logged(conn, |conn| {
                        insert_into(patients::table).values(&patient(1, "secret@x")).execute(conn).unwrap();
                        let found = patients::table.filter(patients::email.blind_eq("secret@x")).count();
                        assert_eq!(found.get_result(conn), Ok(1_i64));
                    });
                    assert!(sql.contains("[sealed]") && sql.contains("[blind index tag]"), "{sql}");
                    assert!(!sql.contains("secret"), "{sql}");
                });
            }
        }
    };
}

on_each!(suite);
