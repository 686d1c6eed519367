//! Every way in which Diesel writes, and what comes back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

use diesel::dsl::{delete, insert_into, insert_or_ignore_into, replace_into, sql_query, update};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::{self, Patient, Visit, patient, patients, visit, visits};

/// An insert-only struct, which borrows.
#[derive(Insertable)]
#[diesel(table_name = patients)]
struct NewPatient<'a> {
    id: i32,
    name: &'a str,
    email: Encrypted<&'a str, patients::email>,
    note: &'a Encrypted<String, patients::note>,
}

/// A changeset: `None` skips, `Some(NULL)` writes NULL.
#[derive(AsChangeset, Identifiable)]
#[diesel(table_name = patients)]
struct Patch {
    id: i32,
    email: Option<Encrypted<String, patients::email>>,
    phone: Option<Encrypted<Option<String>, patients::phone>>,
    memo: Option<Encrypted<Option<String>, patients::memo>>,
}

/// Part of a row, embedded.
#[derive(Insertable, Queryable, Selectable, AsChangeset, Debug)]
#[diesel(table_name = patients)]
struct Contact {
    email: Encrypted<String, patients::email>,
    phone: Encrypted<Option<String>, patients::phone>,
}

#[derive(Insertable, Queryable, Selectable, AsChangeset, Debug)]
#[diesel(table_name = patients)]
struct WithContact {
    id: i32,
    name: String,
    #[diesel(embed)]
    contact: Contact,
    note: Encrypted<String, patients::note>,
}

/// A wrapper for itself, embedded: as `COPY` takes it.
#[derive(Insertable)]
#[diesel(table_name = visits)]
struct NewVisit<'a> {
    id: i32,
    patient_id: i32,
    #[diesel(embed)]
    contact: Encrypted<&'a str, visits::contact>,
}

/// The suite over one kind of connection. `$unique` makes the blind index of `email` and of `note` unique.
macro_rules! writes {
    ($backend:ident: $connection:ty, $connect:path) => {
        mod $backend {
            use super::*;

            /// A fresh database, and a vault for the length of the test.
            fn with_clinic(test: impl FnOnce(&mut $connection)) {
                clinic::vault().enter(|| test(&mut $connect()));
            }

            fn find(conn: &mut $connection, id: i32) -> Patient {
                patients::table.find(id).select(Patient::as_select()).first(conn).unwrap()
            }

            fn stored_emails(conn: &mut $connection) -> Vec<Vec<u8>> {
                patients::table.select(patients::email).order(patients::id).load(conn).unwrap()
            }

            #[test]
            fn a_struct_is_inserted_sealed_and_comes_back_open() {
                with_clinic(|conn| {
                    let ada = patient(1, "Ada@example.org");
                    insert_into(patients::table).values(&ada).execute(conn).unwrap();
                    assert_eq!(find(conn, 1), ada);

                    let (email, note): (Vec<u8>, String) =
                        patients::table.select((patients::email, patients::note)).first(conn).unwrap();
                    assert_eq!(email[..3], [0xE1, 2, 0], "two indexes");
                    assert!(note.starts_with("4QEA"), "one index, as text");
                    assert!(!email.windows(3).any(|part| part.eq_ignore_ascii_case(b"ada")), "no plaintext");
                });
            }

            #[test]
            fn a_struct_by_value_a_batch_and_a_slice_are_inserted() {
                with_clinic(|conn| {
                    insert_into(patients::table).values(patient(1, "a@x")).execute(conn).unwrap();
                    insert_into(patients::table)
                        .values(&vec![patient(2, "b@x"), patient(3, "c@x")])
                        .execute(conn)
                        .unwrap();
                    insert_into(patients::table).values(vec![patient(4, "d@x")]).execute(conn).unwrap();
                    insert_into(patients::table).values(&[patient(5, "e@x"), patient(6, "f@x")]).execute(conn).unwrap();
                    let all: Vec<Patient> = patients::table.select(Patient::as_select()).load(conn).unwrap();
                    let emails: Vec<&str> = all.iter().map(|patient| patient.email.expose().as_str()).collect();
                    assert_eq!(emails, ["a@x", "b@x", "c@x", "d@x", "e@x", "f@x"]);
                });
            }

            #[test]
            fn a_borrowing_struct_is_inserted() {
                with_clinic(|conn| {
                    let note = Encrypted::new("n".to_owned());
                    let new = NewPatient { id: 1, name: "Ada", email: Encrypted::new("a@x"), note: &note };
                    insert_into(patients::table).values(&new).execute(conn).unwrap();
                    insert_into(patients::table).values(NewPatient { id: 2, ..new }).execute(conn).unwrap();
                    assert_eq!(find(conn, 2).email.expose(), "a@x");
                    assert_eq!(find(conn, 1).remark.expose(), "n");
                });
            }

            #[test]
            fn an_embedded_struct_is_inserted_updated_and_loaded() {
                with_clinic(|conn| {
                    let contact = Contact { email: Encrypted::new("a@x".into()), phone: Encrypted::new(None) };
                    let row = WithContact { id: 1, name: "Ada".into(), contact, note: Encrypted::new("n".into()) };
                    insert_into(patients::table).values(&row).execute(conn).unwrap();
                    let contact =
                        Contact { email: Encrypted::new("b@x".into()), phone: Encrypted::new(Some("1".into())) };
                    update(patients::table.find(1)).set(&contact).execute(conn).unwrap();
                    let row: WithContact = patients::table.select(WithContact::as_select()).first(conn).unwrap();
                    assert_eq!(row.contact.email.expose(), "b@x");
                    assert_eq!(row.contact.phone.expose().as_deref(), Some("1"));
                });
            }

            #[test]
            fn an_embedded_wrapper_is_inserted() {
                with_clinic(|conn| {
                    let new = |id| NewVisit { id, patient_id: 1, contact: Encrypted::new("c@x") };
                    insert_into(visits::table).values(&new(1)).execute(conn).unwrap();
                    insert_into(visits::table).values(&vec![new(2), new(3)]).execute(conn).unwrap();
                    let found = visits::table.filter(visits::contact.blind_eq("C@x")).select(Visit::as_select());
                    let contacts = found.load(conn).unwrap().into_iter().map(|visit| visit.contact.into_inner());
                    assert_eq!(contacts.collect::<Vec<_>>(), ["c@x"; 3]);
                });
            }

            #[test]
            fn tuples_are_inserted() {
                with_clinic(|conn| {
                    let email: Encrypted<_, patients::email> = Encrypted::new("a@x");
                    insert_into(patients::table)
                        .values((
                            patients::id.eq(1),
                            patients::name.eq("Ada"),
                            patients::email.eq(&email),
                            patients::note.eq(patients::note.seal("n")),
                            patients::phone.eq(patients::phone.seal(None::<&str>)),
                        ))
                        .execute(conn)
                        .unwrap();
                    let ada = find(conn, 1);
                    assert_eq!((ada.email.expose().as_str(), ada.phone), ("a@x", None));
                });
            }

            #[test]
            fn insert_from_select_copies_values_with_their_indexes() {
                with_clinic(|conn| {
                    insert_into(patients::table).values(&patient(1, "a@x")).execute(conn).unwrap();
                    let columns = (patients::id, patients::name, patients::email, patients::note);
                    insert_into(patients::table)
                        .values(patients::table.select((
                            patients::id + 10,
                            patients::name,
                            patients::email,
                            patients::note,
                        )))
                        .into_columns(columns)
                        .execute(conn)
                        .unwrap();
                    let found = patients::table.filter(patients::email.blind_eq("A@x")).count().get_result(conn);
                    assert_eq!(found, Ok(2));
                    assert_eq!(find(conn, 11).email.expose(), "a@x");
                });
            }

            #[test]
            fn a_changeset_skips_and_writes_null() {
                with_clinic(|conn| {
                    insert_into(patients::table).values(&patient(1, "a@x")).execute(conn).unwrap();
                    let patch = Patch {
                        id: 1,
                        email: None,
                        phone: Some(Encrypted::new(None)),
                        memo: Some(Encrypted::new(Some("m".into()))),
                    };
                    update(patients::table.find(1)).set(&patch).execute(conn).unwrap();
                    let ada = find(conn, 1);
                    assert_eq!(ada.email.expose(), "a@x", "skipped");
                    assert_eq!(ada.phone, None, "NULL");
                    assert_eq!(ada.memo.unwrap().expose(), "m", "set");
                    assert_eq!(patients::table.filter(patients::phone.is_null()).count().get_result(conn), Ok(1));
                });
            }

            #[test]
            fn none_in_a_model_is_skipped() {
                with_clinic(|conn| {
                    insert_into(patients::table).values(&patient(1, "a@x")).execute(conn).unwrap();
                    let unset = Patient { phone: None, ..patient(1, "b@x") };
                    update(&unset).set(&unset).execute(conn).unwrap();
                    let ada = find(conn, 1);
                    assert_eq!(ada.email.expose(), "b@x");
                    assert_eq!(ada.phone.unwrap().expose(), "555-01");
                });
            }

            #[test]
            fn a_tuple_changeset_seals_and_nulls() {
                with_clinic(|conn| {
                    insert_into(patients::table).values(&patient(1, "a@x")).execute(conn).unwrap();
                    update(patients::table.find(1))
                        .set((
                            patients::email.eq(patients::email.seal("b@x")),
                            patients::phone.eq(patients::phone.seal(None::<String>)),
                        ))
                        .execute(conn)
                        .unwrap();
                    let ada = find(conn, 1);
                    assert_eq!((ada.email.expose().as_str(), ada.phone), ("b@x", None));
                });
            }

            #[test]
            fn the_same_value_is_sealed_differently_each_time() {
                with_clinic(|conn| {
                    let email: Encrypted<String, patients::email> = Encrypted::new("a@x".into());
                    for id in 1..=2 {
                        insert_into(patients::table)
                            .values((
                                patients::id.eq(id),
                                patients::name.eq("Ada"),
                                patients::email.eq(&email),
                                patients::note.eq(patients::note.seal("n")),
                            ))
                            .execute(conn)
                            .unwrap();
                    }
                    let stored = stored_emails(conn);
                    assert_ne!(stored[0], stored[1]);
                    assert_eq!(stored[0][3..33], stored[1][3..33], "their tags are equal");
                });
            }

            #[test]
            fn delete_finds_by_blind_index() {
                with_clinic(|conn| {
                    insert_into(patients::table)
                        .values(&vec![patient(1, "a@x"), patient(2, "b@x"), patient(3, "c@x")])
                        .execute(conn)
                        .unwrap();
                    let gone = delete(
                        patients::table.filter(patients::email.blind_eq("A@X").or(patients::note.blind_eq("note b@x"))),
                    );
                    assert_eq!(gone.execute(conn), Ok(2));
                });
            }

            #[test]
            fn a_transaction_rolls_sealed_values_back() {
                with_clinic(|conn| {
                    let failed = conn.transaction(|conn| -> QueryResult<()> {
                        insert_into(patients::table).values(&patient(1, "a@x")).execute(conn)?;
                        assert_eq!(
                            patients::table.filter(patients::email.blind_eq("a@x")).count().get_result(conn),
                            Ok(1)
                        );
                        Err(diesel::result::Error::RollbackTransaction)
                    });
                    assert_eq!(failed, Err(diesel::result::Error::RollbackTransaction));
                    assert_eq!(patients::table.count().get_result(conn), Ok(0));
                });
            }

            #[test]
            fn a_cached_statement_seals_each_value_anew() {
                with_clinic(|conn| {
                    for id in 1..=5 {
                        let email = format!("{id}@x");
                        insert_into(patients::table).values(&patient(id, &email)).execute(conn).unwrap();
                        update(patients::table.find(id))
                            .set(patients::note.eq(patients::note.seal(format!("n{id}"))))
                            .execute(conn)
                            .unwrap();
                    }
                    for id in 1..=5 {
                        let patient = find(conn, id);
                        assert_eq!(patient.email.expose(), &format!("{id}@x"));
                        assert_eq!(patient.remark.expose(), &format!("n{id}"));
                    }
                });
            }

            #[test]
            fn rows_of_raw_sql_are_opened() {
                with_clinic(|conn| {
                    insert_into(patients::table).values(&patient(1, "a@x")).execute(conn).unwrap();
                    let rows: Vec<Patient> = sql_query("SELECT * FROM patients").load(conn).unwrap();
                    assert_eq!(rows, [patient(1, "a@x")]);
                });
            }

            #[test]
            fn associations_load_their_sealed_children() {
                with_clinic(|conn| {
                    let ada = patient(1, "a@x");
                    insert_into(patients::table).values(&ada).execute(conn).unwrap();
                    insert_into(visits::table).values(&visit(1, 1, "c@x")).execute(conn).unwrap();
                    let visits = Visit::belonging_to(&ada).select(Visit::as_select()).load(conn).unwrap();
                    assert_eq!(visits[0].contact.expose(), "c@x");
                });
            }
        }
    };
}

writes!(sqlite: SqliteConnection, clinic::sqlite);
#[cfg(feature = "postgres")]
writes!(postgres: PgConnection, clinic::postgres);
#[cfg(feature = "mysql")]
writes!(mysql: MysqlConnection, clinic::mysql);

/// What SQLite (and, but for `REPLACE`, PostgreSQL) has and not every backend.
mod sqlite_only {
    use super::*;

    fn with_clinic(test: impl FnOnce(&mut SqliteConnection)) {
        clinic::vault().enter(|| test(&mut clinic::sqlite()));
    }

    fn find(conn: &mut SqliteConnection, id: i32) -> Patient {
        patients::table.find(id).select(Patient::as_select()).first(conn).unwrap()
    }

    #[test]
    fn returning_opens_what_was_written() {
        with_clinic(|conn| {
            let ada: Patient = insert_into(patients::table)
                .values(&patient(1, "a@x"))
                .returning(Patient::as_returning())
                .get_result(conn)
                .unwrap();
            assert_eq!(ada, patient(1, "a@x"));
            let ada: Patient = update(patients::table.find(1))
                .set(patients::email.eq(patients::email.seal("b@x")))
                .returning(Patient::as_returning())
                .get_result(conn)
                .unwrap();
            assert_eq!(ada.email.expose(), "b@x");
            let gone: Encrypted<String, patients::email> =
                delete(patients::table.find(1)).returning(patients::email).get_result(conn).unwrap();
            assert_eq!(gone.expose(), "b@x");
        });
    }

    #[test]
    fn save_changes_gives_the_saved_row() {
        with_clinic(|conn| {
            insert_into(visits::table).values(&visit(1, 1, "a@x")).execute(conn).unwrap();
            let saved: Visit = visit(1, 1, "b@x").save_changes(conn).unwrap();
            assert_eq!(saved.contact.expose(), "b@x");
        });
    }

    #[test]
    fn replace_and_ignore_write_or_leave() {
        with_clinic(|conn| {
            insert_into(patients::table).values(&patient(1, "a@x")).execute(conn).unwrap();
            replace_into(patients::table).values(&patient(1, "b@x")).execute(conn).unwrap();
            insert_or_ignore_into(patients::table).values(&patient(1, "c@x")).execute(conn).unwrap();
            assert_eq!(find(conn, 1).email.expose(), "b@x");
        });
    }

    #[test]
    fn upsert_by_primary_key_writes_the_excluded_value_with_its_index() {
        with_clinic(|conn| {
            for email in ["a@x", "b@x"] {
                insert_into(patients::table)
                    .values(&patient(1, email))
                    .on_conflict(patients::id)
                    .do_update()
                    .set(patients::email.eq(excluded(patients::email)))
                    .execute(conn)
                    .unwrap();
            }
            insert_into(patients::table)
                .values(&patient(1, "c@x"))
                .on_conflict(patients::id)
                .do_update()
                .set(&patient(1, "d@x"))
                .execute(conn)
                .unwrap();
            let found: Patient = patients::table
                .filter(patients::email.blind_eq("D@x"))
                .select(Patient::as_select())
                .first(conn)
                .unwrap();
            assert_eq!(found.email.expose(), "d@x");
        });
    }
}
