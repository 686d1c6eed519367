//! What holds while an index has two generations.

use std::ops::ControlFlow;

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_encrypted::maintenance::{Maintenance, Reason, Selection};
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::Dialect;
use diesel_encrypted::{Class, Field, Index, Storage};
use diesel_encrypted_core::Normalizer;
use diesel_encrypted_core::format::text;
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{Patient, patients};
use diesel_encrypted_tests::people::root_keys;

use super::{assert_refused, database, person, with_phone};

/// `patients.phone` and `patients.note` with tags of other normalisers: over empty columns, those of the model then begin
/// another generation.
static PHONE: Field = Field::new("patients.phone", "patients", "phone", Class::Text, Storage::Binary)
    .primary_key(&["id"])
    .indexes(&[Index::new("default")]);
static NOTE: Field = Field::new("patients.note", "patients", "note", Class::Text, Storage::Text)
    .primary_key(&["id"])
    .indexes(&[Index::new("default").normalize(&[Normalizer::Trim])]);

const BASE64URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The generation of a tag, as `docs/search.md` has it: of a column of bytes and of one of text.
fn generation(dialect: Dialect) -> [String; 2] {
    match dialect {
        Dialect::Sqlite => [
            "CASE WHEN substr(email, 2, 1) > x'00' THEN hex(substr(email, 4, 1)) END".to_owned(),
            format!(
                "CASE WHEN substr(handle, 1, 4) <> '4QAA' THEN (instr('{BASE64URL}', substr(handle, 5, 1)) - 1) * 4\n\
                 \x20   + (instr('{BASE64URL}', substr(handle, 6, 1)) - 1) / 16 END"
            ),
        ],
        Dialect::Postgres => [
            "CASE WHEN get_byte(email, 1) > 0 THEN get_byte(email, 3) END".to_owned(),
            "CASE WHEN substr(handle, 1, 4) <> '4QAA'\n    \
             THEN get_byte(decode(translate(substr(handle, 5, 4), '-_', '+/'), 'base64'), 0) END"
                .to_owned(),
        ],
        Dialect::Mysql => [
            "CASE WHEN ascii(substr(email, 2, 1)) > 0 THEN ascii(substr(email, 4, 1)) END".to_owned(),
            "CASE WHEN substr(handle, 1, 4) <> '4QAA'\n    \
             THEN ascii(from_base64(replace(replace(substr(handle, 5, 4), '-', '+'), '_', '/'))) END"
                .to_owned(),
        ],
        other => panic!("a database that the suites do not know: {other:?}"),
    }
}

#[test]
fn the_document_has_these_queries() {
    let document = include_str!("../../../docs/search.md");
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
        for generation in generation(dialect) {
            assert!(document.contains(&generation), "docs/search.md lacks\n{generation}");
        }
    }
}

macro_rules! generations {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            const DIALECT: Dialect = <$connection as Backend>::DIALECT;

            fn insert(conn: &mut $connection, patient: &Patient) -> QueryResult<usize> {
                diesel::insert_into(patients::table).values(patient).execute(conn)
            }

            /// What a process that started before the index was renewed has written: 1, of the generation before.
            fn renewed(test: impl FnOnce(&mut $connection, &Vault)) {
                let conn: &mut $connection = &mut database();
                let before = Vault::builder(root_keys()).field(&PHONE).field(&NOTE).open(conn).unwrap();
                let vault = Vault::builder(root_keys()).model::<Patient>().open(conn).unwrap();
                let phone = patients::phone.eq(before.seal(&PHONE, "55501").unwrap());
                let note = patients::note.eq(text::encode(&before.seal(&NOTE, "a note").unwrap()));
                vault.enter(|| {
                    insert(conn, &person(1, "ada@x")).unwrap();
                    diesel::update(patients::table.find(1)).set((phone, note)).execute(conn).unwrap();
                    test(conn, &vault);
                });
            }

            /// The generations that the column has, each with how many values.
            fn generations(conn: &mut $connection, column: usize) -> Vec<(Option<String>, i64)> {
                let to_text = if DIALECT == Dialect::Mysql { "char" } else { "text" };
                let generation = generation(DIALECT)[column].replace("email", "phone").replace("handle", "note");
                let rows = format!("CAST({generation} AS {to_text}), count(*) FROM patients GROUP BY 1 ORDER BY 1");
                let rows = diesel::dsl::sql::<(Nullable<Text>, BigInt)>(&format!("SELECT {rows}"));
                let rows: Vec<(Option<String>, i64)> = rows.load(conn).unwrap();
                let plain = |name: String| name.trim_start_matches('0').to_owned();
                rows.into_iter().map(|(name, count)| (name.map(plain), count)).collect()
            }

            #[test]
            fn equal_values_of_two_generations_pass_and_are_counted_by_generation() {
                renewed(|conn, _| {
                    let generation = |number: &str, count| (Some(number.to_owned()), count);
                    insert(conn, &with_phone(2, "555-01")).unwrap();
                    let note = patients::note.eq(patients::note.seal("a note"));
                    diesel::update(patients::table.find(2)).set(note).execute(conn).unwrap();
                    let by_phone = patients::table.filter(patients::phone.blind_eq("55501")).select(patients::id);
                    assert_eq!(by_phone.order(patients::id).load(conn), Ok(vec![1, 2]), "equal, and both there");
                    let by_note = patients::table.filter(patients::note.blind_eq("a note")).select(patients::id);
                    assert_eq!(by_note.order(patients::id).load(conn), Ok(vec![1, 2]), "equal, and both there");
                    for column in [0, 1] {
                        assert_eq!(generations(conn, column), [generation("1", 1), generation("2", 1)]);
                    }

                    let phone = patients::phone.eq(patients::phone.seal("55501"));
                    assert_refused(diesel::update(patients::table.find(1)).set(phone).execute(conn));
                    diesel::delete(patients::table.find(2)).execute(conn).unwrap();
                    let phone = patients::phone.eq(patients::phone.seal("55501"));
                    diesel::update(patients::table.find(1)).set(phone).execute(conn).unwrap();
                    assert_eq!(generations(conn, 0), [generation("2", 1)]);
                    assert_refused(insert(conn, &with_phone(2, "555-01")));
                });
            }

            #[test]
            fn reindexing_reports_the_row_that_is_equal_to_another() {
                renewed(|conn, vault| {
                    insert(conn, &with_phone(2, "55501")).unwrap();
                    let phones = Selection::all().column("patients", "phone");
                    let reindex = |conn: &mut $connection| {
                        let mut maintenance = Maintenance::open(conn, vault).unwrap();
                        maintenance.reindex(&phones).run(|_| ControlFlow::Continue(())).unwrap()
                    };
                    let failures = reindex(conn).failures;
                    assert_eq!(failures.iter().map(|failure| failure.key.as_str()).collect::<Vec<_>>(), ["1"]);
                    let unique = matches!(&failures[0].reason, Reason::Refused { kind, .. } if kind == "unique violation");
                    assert!(unique, "{failures:?}");

                    diesel::delete(patients::table.find(2)).execute(conn).unwrap();
                    assert!(reindex(conn).is_clean());
                    assert_eq!(generations(conn, 0), [(Some("2".to_owned()), 1)]);
                    assert_refused(insert(conn, &with_phone(2, "55501")));
                });
            }

            #[test]
            fn a_search_before_the_insert_sees_both_generations() {
                /// As `docs/search.md` has it.
                fn register(conn: &mut $connection, patient: &Patient) -> QueryResult<bool> {
                    conn.transaction(|conn| {
                        let phone = patient.phone.as_ref().map(|phone| phone.expose().as_str());
                        let taken = patients::table.filter(patients::phone.blind_eq(phone));
                        if diesel::select(exists(taken)).get_result(conn)? {
                            return Ok(false);
                        }
                        diesel::insert_into(patients::table).values(patient).execute(conn).map(|_| true)
                    })
                }
                renewed(|conn, _| {
                    assert_eq!(register(conn, &with_phone(2, "55501")), Ok(false));
                    assert_eq!(register(conn, &with_phone(2, "55502")), Ok(true));
                    assert_eq!(register(conn, &with_phone(3, "555-02")), Ok(false));
                });
            }
        }
    };
}

diesel_encrypted_tests::on_each!(generations);
