//! Upserts by the unique index on a tag.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::{self, Dialect};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{self, Patient, patients};

use super::{database, person};

macro_rules! upserts {
    ($backend:ident: $connection:ty, $by_email:expr, $by_note:expr, $by_host:expr, $excluded:ident) => {
        mod $backend {
            use super::*;

            fn with_clinic(test: impl FnOnce(&mut $connection)) {
                clinic::vault().enter(|| test(&mut database()));
            }

            fn insert(conn: &mut $connection, patient: &Patient) -> QueryResult<usize> {
                diesel::insert_into(patients::table).values(patient).execute(conn)
            }

            fn find(conn: &mut $connection, id: i32) -> Patient {
                patients::table.find(id).select(Patient::as_select()).first(conn).unwrap()
            }

            #[test]
            fn an_equal_value_is_left_out() {
                with_clinic(|conn| {
                    insert(conn, &person(1, "ada@x")).unwrap();
                    for (id, email, note) in [(2, "ADA@X", "another"), (3, "b@y", "note ada@x")] {
                        let insert = diesel::insert_into(patients::table);
                        let other = Patient { remark: Encrypted::new(note.to_owned()), ..person(id, email) };
                        let left_out = match id {
                            2 => insert.values(&other).on_conflict($by_email).do_nothing().execute(conn),
                            _ => insert.values(&other).on_conflict($by_note).do_nothing().execute(conn),
                        };
                        left_out.unwrap();
                    }
                    assert_eq!(patients::table.select(patients::id).load(conn), Ok(vec![1]));
                    assert_eq!(find(conn, 1), person(1, "ada@x"));
                });
            }

            #[test]
            fn an_equal_value_takes_the_place_of_the_other() {
                with_clinic(|conn| {
                    for (id, email, name) in [(1, "ada@x", "first"), (2, "ADA@X", "second"), (3, "b@y", "third")] {
                        let remark = Encrypted::new(format!("note {id}"));
                        diesel::insert_into(patients::table)
                            .values(&Patient { name: name.to_owned(), remark, ..person(id, email) })
                            .on_conflict($by_email)
                            .do_update()
                            .set((
                                patients::email.eq($excluded(patients::email)),
                                patients::name.eq($excluded(patients::name)),
                            ))
                            .execute(conn)
                            .unwrap();
                    }
                    assert_eq!(patients::table.select(patients::id).order(patients::id).load(conn), Ok(vec![1, 3]));
                    let ada = find(conn, 1);
                    let stored = (ada.name.as_str(), ada.email.expose().as_str(), ada.remark.expose().as_str());
                    assert_eq!(stored, ("second", "ADA@X", "note 1"), "what was not set stays");
                    let found = patients::table.filter(patients::email.blind_eq("ada@x")).select(patients::id);
                    assert_eq!(found.load(conn), Ok(vec![1]));
                });
            }

            #[test]
            fn a_new_value_is_sealed_in_place_of_the_other() {
                with_clinic(|conn| {
                    for id in 1..=2 {
                        diesel::insert_into(patients::table)
                            .values(&person(id, "ada@x"))
                            .on_conflict($by_note)
                            .do_update()
                            .set(patients::memo.eq(patients::memo.seal(format!("seen {id} times"))))
                            .execute(conn)
                            .unwrap();
                    }
                    assert_eq!(find(conn, 1).memo.unwrap().expose(), "seen 2 times");
                });
            }

            #[test]
            fn a_conflict_needs_a_unique_index() {
                let dialect = <$connection as Backend>::DIALECT;
                with_clinic(|conn| {
                    for statement in sql::of::<Patient>(dialect).drop_indexes() {
                        conn.batch_execute(&statement).unwrap();
                    }
                    let ada = person(1, "ada@x");
                    let insert = diesel::insert_into(patients::table).values(&ada);
                    let written = insert.on_conflict($by_email).do_nothing().execute(conn);
                    assert_eq!(written.is_ok(), dialect == Dialect::Mysql, "{written:?}");
                });
            }

            #[test]
            fn a_named_index_has_a_conflict_of_its_own() {
                with_clinic(|conn| {
                    for (id, email) in [(1, "ada@x"), (2, "bea@X")] {
                        diesel::insert_into(patients::table)
                            .values(&person(id, email))
                            .on_conflict($by_host)
                            .do_update()
                            .set(patients::email.eq($excluded(patients::email)))
                            .execute(conn)
                            .unwrap();
                    }
                    assert_eq!(patients::table.count().get_result(conn), Ok(1));
                    assert_eq!(find(conn, 1).email.expose(), "bea@X");
                });
            }
        }
    };
}

upserts!(
    sqlite: SqliteConnection,
    patients::email.blind_conflict_target(),
    patients::note.blind_conflict_target(),
    patients::email.by(Patient::EMAIL_HOST).blind_conflict_target(),
    excluded
);
#[cfg(feature = "postgres")]
upserts!(
    postgres: PgConnection,
    patients::email.blind_conflict_target(),
    patients::note.blind_conflict_target(),
    patients::email.by(Patient::EMAIL_HOST).blind_conflict_target(),
    excluded
);
// There, a conflict is one with any unique index.
#[cfg(feature = "mysql")]
upserts!(
    mysql: MysqlConnection,
    diesel::dsl::DuplicatedKeys,
    diesel::dsl::DuplicatedKeys,
    diesel::dsl::DuplicatedKeys,
    values
);

/// What `excluded` is elsewhere: Diesel has it for PostgreSQL and SQLite alone.
#[cfg(feature = "mysql")]
fn values<C: Column>(_: C) -> diesel::expression::SqlLiteral<C::SqlType>
where
    C::SqlType: diesel::sql_types::SqlType + diesel::expression::TypedExpressionType,
{
    diesel::dsl::sql(&format!("VALUES(`{}`)", C::NAME))
}
