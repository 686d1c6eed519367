//! Searches find their rows by an index: the plans that each database makes over 100,000 rows, of the statements that the
//! DSL writes, by the indexes that the model's SQL makes.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that cannot go on fails")]

mod clear;
mod explain;
mod post;

use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::{self, Dialect, ModelSql};
use diesel_encrypted_tests::backend::Backend;

use explain::{Explained, Plan};
use post::{Letter, OF_A_HOST, PEOPLE, Person, email, filled, handle, letters, people, vault};

fn run(conn: &mut impl Connection, statements: impl IntoIterator<Item = String>) {
    for statement in statements {
        conn.batch_execute(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// What makes the indexes on their columns: on MySQL and MariaDB, the tables have these already.
fn create_indexes(model: &ModelSql) -> impl Iterator<Item = String> + use<> {
    model.indexes().unwrap().into_iter().filter(|statement| !statement.starts_with("ALTER TABLE"))
}

fn assert_looked_up(plans: Vec<(&str, Plan)>) {
    for (index, plan) in plans {
        let found = plan.indexes.iter().any(|name| name == index) && plan.scanned.is_empty();
        assert!(found, "{index} is not what finds the rows: {plan:?}");
    }
}

/// Without an index, or the plans above would show nothing.
fn assert_scanned(plans: Vec<(&str, Plan)>) {
    for (index, plan) in plans {
        let table = index.split('_').next().unwrap();
        assert!(plan.scanned.iter().any(|name| name == table), "{table} is not read from end to end: {plan:?}");
    }
}

macro_rules! plans {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            type Db = <$connection as Connection>::Backend;
            type Explain = fn(&mut $connection, &dyn QueryFragment<Db>) -> Plan;

            /// The plan of each search, and the index that has to find its rows.
            fn plans(conn: &mut $connection, explain: Explain) -> Vec<(&'static str, Plan)> {
                let people_ids = people::table.select(people::id);
                let by_host = people::email.by(Person::EMAIL_HOST);
                let by_number = people::handle.by(Person::HANDLE_NUMBER);
                let by_address = letters::table
                    .inner_join(people::table.on(people::email.blind_index().eq(letters::recipient.blind_index())))
                    .select(people::id);
                let by_handle = letters::table
                    .inner_join(people::table.on(letters::sender.blind_index().eq(people::handle.blind_index())))
                    .select(people::id);
                let queries: Vec<(_, Box<dyn QueryFragment<Db>>)> = vec![
                    ("people_email_default", Box::new(people_ids.filter(people::email.blind_eq(email(7))))),
                    (
                        "people_email_default",
                        Box::new(people_ids.filter(people::email.blind_eq_any([1, 2, 3].map(email)))),
                    ),
                    ("people_email_host", Box::new(people_ids.filter(by_host.blind_eq(email(7))))),
                    ("people_email_host", Box::new(people_ids.filter(by_host.blind_eq_any([1, 2].map(email))))),
                    ("people_handle_default", Box::new(people_ids.filter(people::handle.blind_eq(handle(7))))),
                    (
                        "people_handle_default",
                        Box::new(people_ids.filter(people::handle.blind_eq_any([1, 2].map(handle)))),
                    ),
                    ("people_handle_number", Box::new(people_ids.filter(by_number.blind_eq("7")))),
                    ("people_email_default", Box::new(by_address.filter(letters::id.eq(7)))),
                    ("letters_recipient_default", Box::new(by_address.filter(people::id.eq(7)))),
                    ("people_handle_default", Box::new(by_handle.filter(letters::id.eq(7)))),
                    ("letters_sender_default", Box::new(by_handle.filter(people::id.eq(8)))),
                ];
                queries.iter().map(|(index, query)| (*index, explain(conn, &**query))).collect()
            }

            fn insert(conn: &mut $connection, all: Vec<Person>, some: Vec<Letter>) {
                for part in all.chunks(500) {
                    diesel::insert_into(people::table).values(part).execute(conn).unwrap();
                }
                for part in some.chunks(500) {
                    diesel::insert_into(letters::table).values(part).execute(conn).unwrap();
                }
            }

            /// What the plans are of is what finds the rows.
            fn assert_found(conn: &mut $connection) {
                let ids = people::table.select(people::id).order(people::id);
                assert_eq!(people::table.count().get_result(conn), Ok(PEOPLE));
                assert_eq!(ids.filter(people::email.blind_eq(email(7).to_uppercase())).load(conn), Ok(vec![7]));
                assert_eq!(ids.filter(people::handle.blind_eq_any([handle(9), handle(8)])).load(conn), Ok(vec![8, 9]));
                let by_host = people::email.by(Person::EMAIL_HOST);
                let of_host = people::table.filter(by_host.blind_eq("host7.example")).count();
                assert_eq!(of_host.get_result(conn), Ok(OF_A_HOST));
                let joined = letters::table
                    .inner_join(people::table.on(people::email.blind_index().eq(letters::recipient.blind_index())));
                assert_eq!(joined.filter(letters::id.eq(7)).select(people::id).load(conn), Ok(vec![7]));
                assert_eq!(joined.count().get_result(conn), Ok(1000));
            }

            /// What `docs/search.md` says is sent is what these plans are of. SQLite is sent the same as PostgreSQL.
            #[test]
            fn the_document_has_the_sql_of_each_search() {
                let document = include_str!("../../../docs/search.md").replace(['`', '"'], "");
                let values = ["x", "y", "z"];
                vault().enter(|| {
                    let filters: [Box<dyn QueryFragment<Db>>; 4] = [
                        Box::new(people::email.blind_eq("x")),
                        Box::new(people::email.blind_eq_any(values)),
                        Box::new(people::email.by(Person::EMAIL_HOST).blind_eq("x")),
                        Box::new(people::handle.blind_eq("x")),
                    ];
                    for filter in filters {
                        let printed = diesel::debug_query::<Db, _>(&filter).to_string().replace(['`', '"'], "");
                        let mut sql = printed.split(" -- binds").next().unwrap().to_owned();
                        if <$connection>::DIALECT == Dialect::Sqlite {
                            for number in 1..=values.len() {
                                sql = sql.replacen('?', &format!("${number}"), 1);
                            }
                        }
                        assert!(document.contains(&sql), "docs/search.md lacks {sql}");
                    }
                });
            }

            fn analyze(conn: &mut $connection) {
                run(conn, [<$connection>::ANALYZE.to_owned()]);
            }

            #[test]
            fn searches_and_joins_among_100_000_rows_look_up_their_index() {
                let people_sql = sql::of::<Person>(<$connection>::DIALECT);
                let letters_sql = sql::of::<Letter>(<$connection>::DIALECT);
                let explains: [Explain; 2] = [Explained::plan, Explained::plan_for_any_value];
                vault().enter(|| {
                    let conn: &mut $connection = &mut filled(insert);
                    analyze(conn);
                    for explain in explains {
                        assert_scanned(plans(conn, explain));
                    }

                    run(conn, create_indexes(&people_sql).chain(create_indexes(&letters_sql)));
                    analyze(conn);
                    assert_found(conn);
                    for explain in explains {
                        assert_looked_up(plans(conn, explain));
                    }

                    run(conn, people_sql.drop_indexes());
                    let unique = people_sql.unique("email", "default").unique("handle", "default").concurrently();
                    run(conn, unique.indexes().unwrap());
                    analyze(conn);
                    for explain in explains {
                        assert_looked_up(plans(conn, explain));
                    }
                    run(conn, unique.drop_indexes());
                });
            }
        }
    };
}

plans!(sqlite: SqliteConnection);
#[cfg(feature = "postgres")]
plans!(postgres: PgConnection);
#[cfg(feature = "mysql")]
plans!(mysql: MysqlConnection);
