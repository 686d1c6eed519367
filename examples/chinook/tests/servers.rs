//! Runs the example on a server: the same questions have the same answers as on SQLite, and nothing is dropped but what
//! an earlier run of it left.

#![cfg(any(feature = "postgres", feature = "mysql"))]
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod program;

use std::fs;

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use diesel_encrypted_tests::server;
use program::{answers, excerpt, printed, real_script, refused, says};

/// The address up to the database, the database, and the parameters.
fn parts(url: &str) -> (&str, &str, &str) {
    let (address, parameters) = url.split_at(url.find('?').unwrap_or(url.len()));
    let (server, name) = address.rsplit_once('/').unwrap();
    (server, name, parameters)
}

fn name(url: &str) -> &str {
    parts(url).1
}

/// The address of another database on the same server.
fn beside(url: &str, name: &str) -> String {
    let (server, _, parameters) = parts(url);
    format!("{server}/{name}{parameters}")
}

macro_rules! servers {
    ($server:ident: $connection:ty, $other:literal, $script:literal) => {
        mod $server {
            use super::*;

            const NAME: &str = stringify!($server);

            fn count(connection: &mut $connection, table: &str) -> QueryResult<i64> {
                sql::<BigInt>(&format!("SELECT count(*) FROM {table}")).get_result(connection)
            }

            #[test]
            fn the_answers_are_those_of_sqlite() {
                let scratch = server::$server();
                for arguments in [&[][..], &["--email", "TWIN@mail.EXAMPLE", "--phone", "3531-555-0123"]] {
                    let on_sqlite = printed(&[&[excerpt("sqlite").as_str()], arguments].concat());
                    let script = excerpt(NAME);
                    let on_server = [&["--replace", "--database-url", scratch.url(), &script], arguments].concat();
                    let on_server = printed(&on_server);
                    assert_eq!(answers(&on_server), answers(&on_sqlite));
                    says(&on_server, "since the URL names the database");
                    says(&on_server, "emails 0 of 5 are still among");
                    says(&on_server, "phones 0 of 4 are still among");
                    says(&on_server, "addresses 2 of 3 are still among");
                }
            }

            #[test]
            fn the_rows_are_sealed_in_the_database() {
                let mut scratch = server::$server();
                printed(&["--database-url", scratch.url(), &excerpt(NAME)]);
                let emails: Vec<Vec<u8>> = sql::<Binary>("SELECT email FROM customers").load(&mut *scratch).unwrap();
                assert_eq!(emails.len(), 4);
                for email in emails {
                    assert!(email.starts_with(&[0xE1, 2, 0]) && !email.windows(7).any(|part| part == b"example"));
                }
                count(&mut scratch, "plain_customers").unwrap_err();
            }

            #[test]
            fn what_an_earlier_run_left_is_dropped_when_told_to() {
                let mut scratch = server::$server();
                printed(&["--database-url", scratch.url(), &excerpt(NAME)]);
                let before: Vec<Vec<u8>> =
                    sql::<Binary>("SELECT mac FROM encryption_keys").load(&mut *scratch).unwrap();

                let error = refused(&["--database-url", scratch.url(), &excerpt(NAME)]);
                says(&error, "has Chinook's tables already");
                says(&error, "add --replace to drop these");
                let after: Vec<Vec<u8>> = sql::<Binary>("SELECT mac FROM encryption_keys").load(&mut *scratch).unwrap();
                assert_eq!(after, before);

                printed(&["--database-url", scratch.url(), &excerpt(NAME), "--replace"]);
                assert_eq!(count(&mut scratch, "customers"), Ok(4));
            }

            #[test]
            fn a_database_with_other_tables_is_left_alone() {
                let mut scratch = server::$server();
                scratch.batch_execute("CREATE TABLE ledger (id integer); INSERT INTO ledger VALUES (1)").unwrap();
                let error = refused(&["--database-url", scratch.url(), &excerpt(NAME), "--replace"]);
                says(&error, "has tables that are not Chinook's (ledger)");
                assert_eq!(count(&mut scratch, "ledger"), Ok(1));
                count(&mut scratch, "invoices").unwrap_err();
            }

            #[test]
            fn what_the_script_drops_is_not_dropped() {
                let (mut kept, scratch) = (server::$server(), server::$server());
                kept.batch_execute("CREATE TABLE ledger (id integer)").unwrap();
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("drops.sql");
                let script = fs::read_to_string(excerpt(NAME)).unwrap();
                let script = script.replace("chinook", name(kept.url())).replace("`Chinook`", name(kept.url()));
                assert!(script.contains(&format!("DROP DATABASE IF EXISTS {};", name(kept.url()))));
                fs::write(&path, script).unwrap();
                printed(&["--database-url", scratch.url(), path.to_str().unwrap()]);
                assert_eq!(count(&mut kept, "ledger"), Ok(0));
            }

            #[test]
            fn a_database_that_is_missing_is_made() {
                /// Drops the database however the test ends.
                struct Made<'c>(&'c mut $connection, String);
                impl Drop for Made<'_> {
                    fn drop(&mut self) {
                        self.0.batch_execute(&format!("DROP DATABASE IF EXISTS {}", self.1)).unwrap();
                    }
                }
                let mut scratch = server::$server();
                let missing = format!("{}_made", name(scratch.url()));
                let url = beside(scratch.url(), &missing);
                let _made = Made(&mut scratch, missing);
                says(&printed(&["--database-url", &url, &excerpt(NAME)]), "4 customers, 2 employees, 3 invoices");
            }

            #[test]
            fn a_script_for_another_database_is_told_by_line() {
                let mut scratch = server::$server();
                let error = refused(&["--database-url", scratch.url(), &excerpt($other)]);
                says(&error, "does not build the Chinook database (line ");
                says(&error, concat!("is ", $script));
                count(&mut scratch, "customers").unwrap_err();
            }

            #[test]
            fn the_real_script_has_the_same_answers() {
                let (Some(real), Some(sqlite)) = (real_script($script), real_script("Chinook_Sqlite.sql")) else {
                    return;
                };
                let scratch = server::$server();
                let on_server = printed(&["--database-url", scratch.url(), &real]);
                says(&on_server, "59 customers, 8 employees, 412 invoices");
                says(&on_server, "emails 0 of 67 are still among");
                assert_eq!(answers(&on_server), answers(&printed(&[&sqlite])));
            }
        }
    };
}

#[cfg(feature = "postgres")]
servers!(postgres: PgConnection, "mysql", "Chinook_PostgreSql.sql");
#[cfg(feature = "mysql")]
servers!(mysql: MysqlConnection, "postgres", "Chinook_MySql.sql");
