//! Searching, grouping, counting and joining by blind indexes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

use diesel::dsl::{count, count_star, exists, not};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{Class, Field, Storage, ValueError, dsl};
use diesel_encrypted_tests::clinic::{self, Clinic, Patient, Visit, patient, patients, visit, visits};

/// `patients.email` and `patients.note` as they were before they became searchable.
static OLD_EMAIL: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary);
static OLD_NOTE: Field = Field::new("patients.note", "patients", "note", Class::Text, Storage::Text);

const NOBODY: [i32; 0] = [];

/// Helper types can be named.
fn by_email(email: &str) -> diesel::dsl::Filter<patients::table, dsl::BlindEq<patients::email>> {
    patients::table.filter(patients::email.blind_eq(email))
}

macro_rules! queries {
    ($backend:ident: $connection:ty, $connect:path) => {
        mod $backend {
            use super::*;

            type Db = <$connection as diesel::Connection>::Backend;

            fn with_clinic(test: impl FnOnce(&mut $connection)) {
                clinic::vault().enter(|| test(&mut $connect()));
            }

            /// Ada twice, in two spellings, then Bea and Cleo.
            fn with_patients(test: impl FnOnce(&mut $connection)) {
                with_clinic(|conn| {
                    let mut all: Vec<Patient> = [(1, "ada@x"), (2, "ADA@X"), (3, "bea@x"), (4, "cleo@y")]
                        .map(|(id, email)| patient(id, email))
                        .into();
                    all[3].phone = None;
                    diesel::insert_into(patients::table).values(all).execute(conn).unwrap();
                    test(conn);
                });
            }

            fn ids<F>(conn: &mut $connection, filter: F) -> Vec<i32>
            where
                F: diesel::expression::NonAggregate + diesel::query_builder::QueryId + 'static,
                F: diesel::BoxableExpression<patients::table, Db, SqlType = Bool>,
            {
                patients::table.filter(filter).select(patients::id).order(patients::id).load(conn).unwrap()
            }

            fn nullable_ids<F>(conn: &mut $connection, filter: F) -> Vec<i32>
            where
                F: diesel::expression::NonAggregate + diesel::query_builder::QueryId + 'static,
                F: diesel::BoxableExpression<patients::table, Db, SqlType = diesel::sql_types::Nullable<Bool>>,
            {
                patients::table.filter(filter).select(patients::id).order(patients::id).load(conn).unwrap()
            }

            #[test]
            fn blind_eq_finds_what_is_equal_after_normalisation() {
                with_patients(|conn| {
                    assert_eq!(ids(conn, patients::email.blind_eq("Ada@X")), [1, 2]);
                    assert_eq!(ids(conn, patients::email.blind_eq(String::from("bea@x"))), [3]);
                    assert_eq!(ids(conn, patients::email.blind_eq(Some("bea@x"))), [3]);
                    assert_eq!(ids(conn, patients::email.blind_eq("nobody@x")), NOBODY);
                    assert_eq!(ids(conn, patients::note.blind_eq("note ada@x")), [1], "no normaliser, text column");
                    assert_eq!(nullable_ids(conn, patients::phone.blind_eq("(555) 01")), [1, 2, 3], "digits");
                    assert_eq!(by_email("ada@x").count().get_result(conn), Ok(2));
                });
            }

            #[test]
            fn null_equals_nothing_and_differs_from_nothing() {
                with_patients(|conn| {
                    assert_eq!(nullable_ids(conn, patients::phone.blind_eq(None::<&str>)), NOBODY);
                    assert_eq!(nullable_ids(conn, not(patients::phone.blind_eq(None::<&str>))), NOBODY);
                    assert_eq!(ids(conn, patients::email.blind_eq(None::<&str>)), NOBODY);
                    assert_eq!(ids(conn, not(patients::email.blind_eq(None::<&str>))), NOBODY);
                    assert_eq!(nullable_ids(conn, patients::email.blind_ne(None::<&str>)), NOBODY);
                    assert_eq!(nullable_ids(conn, patients::phone.blind_ne("no such")), [1, 2, 3], "4 has NULL");
                    assert_eq!(nullable_ids(conn, not(patients::phone.blind_eq("no such"))), [1, 2, 3]);
                    let answers: Vec<Option<bool>> = patients::table
                        .select(patients::phone.blind_eq("55501"))
                        .order(patients::id)
                        .load(conn)
                        .unwrap();
                    assert_eq!(answers, [Some(true), Some(true), Some(true), None]);
                });
            }

            #[test]
            fn blind_ne_is_the_negation_of_blind_eq() {
                with_patients(|conn| {
                    assert_eq!(nullable_ids(conn, patients::email.blind_ne("ADA@x")), [3, 4]);
                    assert_eq!(ids(conn, not(patients::email.blind_eq("ADA@x"))), [3, 4]);
                    assert_eq!(nullable_ids(conn, patients::note.blind_ne("note ada@x")), [2, 3, 4]);
                });
            }

            #[test]
            fn blind_eq_any_finds_each() {
                with_patients(|conn| {
                    assert_eq!(ids(conn, patients::email.blind_eq_any(["ada@x", "cleo@y", "nobody"])), [1, 2, 4]);
                    assert_eq!(ids(conn, patients::email.blind_eq_any(vec![String::from("bea@x")])), [3]);
                    assert_eq!(ids(conn, patients::email.blind_eq_any(Vec::<String>::new())), NOBODY);
                    assert_eq!(ids(conn, not(patients::email.blind_eq_any(Vec::<String>::new()))), [1, 2, 3, 4]);
                    assert_eq!(ids(conn, patients::email.blind_eq_any([Some("bea@x"), None])), [3]);
                    assert_eq!(
                        ids(conn, not(patients::email.blind_eq_any([Some("bea@x"), None]))),
                        NOBODY,
                        "as SQL has it"
                    );
                    assert_eq!(ids(conn, patients::note.blind_eq_any(["note bea@x", "note ada@x"])), [1, 3]);
                });
            }

            #[test]
            fn a_loaded_value_is_searched_for_as_it_is() {
                with_patients(|conn| {
                    let all: Vec<Patient> =
                        patients::table.select(Patient::as_select()).order(patients::id).load(conn).unwrap();
                    assert_eq!(ids(conn, patients::email.blind_eq(&all[1].email)), [1, 2]);
                    let emails = all[1..3].iter().map(|patient| &patient.email);
                    assert_eq!(ids(conn, patients::email.blind_eq_any(emails)), [1, 2, 3]);
                    assert_eq!(ids(conn, patients::email.blind_eq(&all[0].remark)), NOBODY, "of another column");
                    let host = patients::email.by(Patient::EMAIL_HOST);
                    assert_eq!(nullable_ids(conn, host.blind_ne(&all[3].email)), [1, 2, 3]);
                    let null = Encrypted::<Option<&str>, patients::phone>::null();
                    assert_eq!(nullable_ids(conn, patients::phone.blind_eq(&null)), NOBODY);
                });
            }

            #[test]
            fn a_named_index_is_searched_in_its_own_slot() {
                with_patients(|conn| {
                    let host = patients::email.by(Patient::EMAIL_HOST);
                    assert_eq!(ids(conn, host.blind_eq("X")), [1, 2, 3]);
                    assert_eq!(ids(conn, host.blind_eq("anyone@y")), [4]);
                    assert_eq!(nullable_ids(conn, host.blind_ne("x")), [4]);
                    assert_eq!(ids(conn, host.blind_eq_any(["x", "y"])), [1, 2, 3, 4]);
                    let hosts: Vec<(Option<Vec<u8>>, i64)> = patients::table
                        .group_by(host.blind_index())
                        .select((host.blind_index(), count_star()))
                        .order(count_star().desc())
                        .load(conn)
                        .unwrap();
                    assert_eq!(hosts.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [3, 1]);
                    assert_eq!(ids(conn, patients::email.blind_eq("x")), NOBODY, "the other slot");
                });
            }

            #[test]
            fn equal_values_group_and_count_once() {
                with_patients(|conn| {
                    let groups: Vec<(Option<Vec<u8>>, i64)> = patients::table
                        .group_by(patients::email.blind_index())
                        .select((patients::email.blind_index(), count_star()))
                        .order(count_star().desc())
                        .load(conn)
                        .unwrap();
                    assert_eq!(groups.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2, 1, 1]);
                    assert!(groups.iter().all(|(tag, _)| tag.as_ref().unwrap().len() == 15));

                    let groups: Vec<(String, Option<String>, i64)> = patients::table
                        .group_by((patients::name, patients::note.blind_index()))
                        .select((patients::name, patients::note.blind_index(), count_star()))
                        .load(conn)
                        .unwrap();
                    assert_eq!(groups.len(), 4);
                    assert!(groups.iter().all(|(_, tag, _)| tag.as_ref().unwrap().len() == 20));

                    let distinct = count(patients::email.blind_index()).aggregate_distinct();
                    assert_eq!(patients::table.select(distinct).get_result(conn), Ok(3));
                    let distinct = count(patients::phone.blind_index()).aggregate_distinct();
                    assert_eq!(patients::table.select(distinct).get_result(conn), Ok(1), "NULL is not counted");
                    let tags: Vec<Option<Vec<u8>>> =
                        patients::table.select(patients::phone.blind_index()).distinct().load(conn).unwrap();
                    assert_eq!(tags.len(), 2, "the phone and NULL");
                    let having: Vec<i64> = patients::table
                        .group_by(patients::email.blind_index())
                        .having(count_star().gt(1))
                        .select(count_star())
                        .load(conn)
                        .unwrap();
                    assert_eq!(having, [2]);
                });
            }

            #[test]
            fn columns_of_one_domain_join() {
                with_patients(|conn| {
                    let all = vec![visit(1, 1, "Bea@X"), visit(2, 1, "cleo@y"), visit(3, 1, "nobody")];
                    diesel::insert_into(visits::table).values(all).execute(conn).unwrap();
                    let pairs: Vec<(i32, i32)> = patients::table
                        .inner_join(visits::table.on(visits::contact.blind_index().eq(patients::email.blind_index())))
                        .select((patients::id, visits::id))
                        .order(visits::id)
                        .load(conn)
                        .unwrap();
                    assert_eq!(pairs, [(3, 1), (4, 2)]);
                });
            }

            #[test]
            fn aliases_and_nullable_expressions_are_searched() {
                with_patients(|conn| {
                    diesel::insert_into(visits::table).values(&visit(1, 3, "z@x")).execute(conn).unwrap();
                    let other = diesel::alias!(patients as other);
                    let found = other.filter(other.field(patients::email).blind_eq("ADA@x")).count().get_result(conn);
                    assert_eq!(found, Ok(2));
                    let twins = patients::table
                        .inner_join(
                            other.on(other.field(patients::email).blind_index().eq(patients::email.blind_index())),
                        )
                        .count()
                        .get_result(conn);
                    assert_eq!(twins, Ok(6), "2 * 2 + 1 + 1");

                    let joined = patients::table.left_join(visits::table);
                    let found = joined.filter(visits::contact.nullable().blind_eq("Z@X")).count().get_result(conn);
                    assert_eq!(found, Ok(1));
                    let found = joined.filter(visits::contact.blind_eq("Z@X")).select(patients::id).load(conn);
                    assert_eq!(found, Ok(vec![3]));
                    let rows: Vec<(Patient, Option<Visit>)> = joined
                        .select((Patient::as_select(), Option::<Visit>::as_select()))
                        .order(patients::id)
                        .load(conn)
                        .unwrap();
                    let contacts: Vec<_> = rows
                        .iter()
                        .map(|(_, visit)| visit.as_ref().map(|visit| visit.contact.expose().as_str()))
                        .collect();
                    assert_eq!(contacts, [None, None, Some("z@x"), None]);
                });
            }

            #[test]
            fn searches_combine_like_any_expression() {
                with_patients(|conn| {
                    diesel::insert_into(visits::table).values(&visit(1, 3, "z@x")).execute(conn).unwrap();
                    let mut boxed = patients::table.into_boxed();
                    boxed = boxed.filter(patients::email.blind_eq("bea@x"));
                    boxed = boxed.or_filter(patients::note.blind_eq("note cleo@y"));
                    assert_eq!(boxed.select(patients::id).order(patients::id).load(conn), Ok(vec![3, 4]));

                    let filters: [Box<dyn BoxableExpression<patients::table, Db, SqlType = Bool>>; 2] =
                        [Box::new(patients::email.blind_eq("ada@x")), Box::new(patients::note.blind_eq("note ADA@X"))];
                    let mut query = patients::table.select(patients::id).into_boxed();
                    for filter in filters {
                        query = query.filter(filter);
                    }
                    assert_eq!(query.load(conn), Ok(vec![2]));

                    let visited = visits::table
                        .filter(visits::patient_id.eq(patients::id))
                        .filter(visits::contact.blind_eq("z@x"));
                    assert_eq!(patients::table.filter(exists(visited)).select(patients::id).load(conn), Ok(vec![3]));
                    let visited = visits::table.filter(visits::contact.blind_eq("z@x")).select(visits::patient_id);
                    assert_eq!(ids(conn, patients::email.blind_eq("bea@x")), [3]);
                    let found = patients::table.filter(patients::id.eq_any(visited)).select(patients::id).load(conn);
                    assert_eq!(found, Ok(vec![3]));
                });
            }

            #[test]
            fn a_short_index_gives_only_confirmed_rows() {
                with_clinic(|conn| {
                    // 8 bits: among 600 cities, some share a tag for certain.
                    let all: Vec<Patient> = (1..=600)
                        .map(|id| Patient { city: Some(Encrypted::new(format!("City {id}"))), ..patient(id, "a@x") })
                        .collect();
                    for part in all.chunks(100) {
                        diesel::insert_into(patients::table).values(part).execute(conn).unwrap();
                    }
                    let mut candidates = 0;
                    for id in 1..=20 {
                        let found = patients::city
                            .blind_eq_candidates(format!("CITY {id}"))
                            .confirm(
                                |filter| {
                                    let found =
                                        patients::table.filter(filter).select(Patient::as_select()).load(conn)?;
                                    candidates += found.len();
                                    Ok(found)
                                },
                                |patient| &patient.city,
                            )
                            .unwrap();
                        assert_eq!(found.iter().map(|patient| patient.id).collect::<Vec<_>>(), [id]);
                    }
                    assert!(candidates > 20, "some candidates were not equal, or this test shows nothing");
                });
            }

            #[test]
            fn rows_without_a_tag_are_neither_grouped_joined_nor_unequal() {
                let clinic = Clinic::new();
                let before = clinic.open(|builder| builder.field(&OLD_EMAIL).field(&OLD_NOTE));
                let old = |value: &str| before.seal(&OLD_EMAIL, value).unwrap();
                let old_note = |value: &str| {
                    use diesel_encrypted::format::text;
                    text::encode(&before.seal(&OLD_NOTE, value).unwrap())
                };
                let rows = [(11, old("ada@x"), old_note("n")), (12, old("old@x"), old_note("m"))];
                clinic.vault().enter(|| {
                    let conn: &mut $connection = &mut $connect();
                    for (id, email, note) in rows {
                        diesel::insert_into(patients::table)
                            .values((
                                patients::id.eq(id),
                                patients::name.eq("old"),
                                patients::email.eq(email),
                                patients::note.eq(note),
                            ))
                            .execute(conn)
                            .unwrap();
                    }
                    diesel::insert_into(patients::table).values(&patient(1, "ada@x")).execute(conn).unwrap();

                    let all: Vec<Encrypted<String, patients::email>> =
                        patients::table.select(patients::email).order(patients::id).load(conn).unwrap();
                    assert_eq!(
                        all.iter().map(|email| email.expose().as_str()).collect::<Vec<_>>(),
                        ["ada@x", "ada@x", "old@x"]
                    );
                    assert_eq!(ids(conn, patients::email.blind_eq("ada@x")), [1]);
                    assert_eq!(nullable_ids(conn, patients::email.blind_ne("x")), [1]);
                    assert_eq!(nullable_ids(conn, patients::note.blind_ne("x")), [1]);
                    let mut groups: Vec<(Option<Vec<u8>>, i64)> = patients::table
                        .group_by(patients::email.blind_index())
                        .select((patients::email.blind_index(), count_star()))
                        .load(conn)
                        .unwrap();
                    groups.sort();
                    assert_eq!((groups.len(), &groups[0]), (2, &(None, 2)));
                    let distinct = count(patients::note.blind_index()).aggregate_distinct();
                    assert_eq!(patients::table.select(distinct).get_result(conn), Ok(1));
                    let other = diesel::alias!(patients as other);
                    let twins = patients::table.inner_join(
                        other.on(other.field(patients::email).blind_index().eq(patients::email.blind_index())),
                    );
                    assert_eq!(twins.count().get_result(conn), Ok(1));
                });
            }

            #[test]
            fn without_a_vault_a_search_fails_when_it_is_executed_and_not_before() {
                Vault::isolated(|| {
                    let conn: &mut $connection = &mut $connect();
                    let query = patients::table.filter(patients::email.blind_eq("ada@x")).select(patients::id);
                    let sql = diesel::debug_query::<Db, _>(&query).to_string();
                    assert!(sql.contains("[blind index tag]"), "{sql}");
                    let error = query.load::<i32>(conn).unwrap_err();
                    assert!(matches!(error.encryption_error(), Some(ValueError::NoVault { .. })), "{error:?}");
                });
            }

            #[test]
            fn a_search_written_under_one_vault_is_refused_under_another() {
                let conn: &mut $connection = &mut $connect();
                let query = clinic::vault().enter(|| patients::table.filter(patients::email.blind_eq("a")).count());
                let error = clinic::vault().enter(|| query.get_result::<i64>(conn)).unwrap_err();
                assert!(matches!(error.encryption_error(), Some(ValueError::SealedElsewhere { .. })), "{error:?}");
            }

            #[test]
            fn a_search_does_not_print_what_it_searches_for() {
                with_clinic(|_| {
                    let query = patients::table
                        .filter(patients::email.blind_eq("hidden@x").or(patients::note.blind_eq("hidden")))
                        .filter(patients::email.blind_eq_any(["hidden"]))
                        .filter(patients::email.blind_ne("hidden"))
                        .select(patients::id);
                    let printed = format!("{} {query:?}", diesel::debug_query::<Db, _>(&query));
                    assert!(!printed.contains("hidden"), "{printed}");
                    let candidates = patients::city.blind_eq_candidates("hidden");
                    assert!(!format!("{candidates:?}").contains("hidden"));
                });
            }
        }
    };
}

queries!(sqlite: SqliteConnection, clinic::sqlite);
#[cfg(feature = "postgres")]
queries!(postgres: PgConnection, clinic::postgres);
#[cfg(feature = "mysql")]
queries!(mysql: MysqlConnection, clinic::mysql);

/// What SQLite makes of the statements.
mod sqlite_only {
    use super::*;

    #[test]
    fn statements_are_cached_once_for_all_values() {
        use diesel::connection::InstrumentationEvent;
        use std::sync::{Arc, Mutex};

        clinic::vault().enter(|| {
            let conn = &mut clinic::sqlite();
            let cached = Arc::new(Mutex::new(Vec::new()));
            let log = cached.clone();
            conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::CacheQuery { sql, .. } = event {
                    log.lock().unwrap().push(sql.to_owned());
                }
            });
            for id in 1..=3 {
                let email = format!("{id}@x");
                diesel::insert_into(patients::table).values(&patient(id, &email)).execute(conn).unwrap();
                let found = patients::table.filter(patients::email.blind_eq(&email)).select(patients::id).load(conn);
                assert_eq!(found, Ok(vec![id]));
                let host = patients::email.by(Patient::EMAIL_HOST);
                let found = patients::table.filter(host.blind_eq("X")).count().get_result(conn);
                assert_eq!(found, Ok(i64::from(id)), "another slot is another statement");
                let nobody = patients::table.filter(patients::email.blind_eq(None::<&str>)).select(patients::id);
                assert_eq!(nobody.load::<i32>(conn), Ok(vec![]), "NULL must not run the cached statement");
                diesel::update(patients::table.find(id))
                    .set(patients::note.eq(patients::note.seal("n")))
                    .execute(conn)
                    .unwrap();
            }
            let cached = cached.lock().unwrap().clone();
            assert_eq!(cached.len(), 3, "Diesel caches no update, and we no search for NULL: {cached:#?}");
        });
    }
}
