//! Writing, searching, grouping and joining.

use diesel::dsl::{count_star, delete, insert_into, not, update};
use diesel::prelude::*;
use diesel_encrypted::ValueError;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::{self, Chart, Patient, Visit, patient, patients, visit, visits};

use super::{AnyConnection, MultiBackend, on_each};

diesel::table! {
    use diesel::sql_types::*;
    use diesel_encrypted::sql_types::Ciphertext;

    badges (id) {
        id -> Integer,
        code -> Ciphertext<code>,
        owner -> Nullable<Ciphertext<owner>>,
    }
}

/// A row of strict columns, checked against the derived backend and those of its variants.
#[derive(Queryable, Selectable, Insertable, Identifiable, AsChangeset, Encrypted, Debug, PartialEq)]
#[diesel(table_name = badges)]
#[diesel(check_for_backend(MultiBackend, diesel::pg::Pg, diesel::mysql::Mysql, diesel::sqlite::Sqlite))]
pub struct Badge {
    id: i32,
    #[encrypt]
    #[searchable]
    code: Encrypted<i64, badges::code>,
    #[encrypt]
    #[searchable(normalize = "lowercase", domain = "contact")]
    owner: Encrypted<Option<String>, badges::owner>,
}

/// The same row, kept sealed, with a column that an insert may skip.
#[derive(Queryable, Selectable, Insertable, Debug)]
#[diesel(table_name = badges)]
struct SealedBadge {
    id: i32,
    code: Sealed<i64, badges::code>,
    owner: Option<Sealed<String, badges::owner>>,
}

/// Columns of the clinic, kept sealed.
#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = patients, check_for_backend(MultiBackend))]
struct SealedEmail {
    id: i32,
    email: Sealed<String, patients::email>,
}

fn vault() -> Vault {
    clinic::Clinic::new().open(|builder| builder.model::<Patient>().model::<Chart>().model::<Visit>().model::<Badge>())
}

/// Ada twice, in two spellings, then Bea and Cleo, who has no phone.
fn with_patients(connection: &mut AnyConnection, test: impl FnOnce(&mut AnyConnection)) {
    vault().enter(|| {
        for (id, email) in [(1, "ada@x"), (2, "ADA@X"), (3, "bea@x"), (4, "cleo@y")] {
            let mut patient = patient(id, email);
            if id == 4 {
                patient.phone = None;
                patient.city = Some(Encrypted::new("Rome".into()));
            }
            assert_eq!(insert_into(patients::table).values(&patient).execute(connection), Ok(1));
        }
        test(connection);
    });
}

type Boxed<'a> = patients::BoxedQuery<'a, MultiBackend>;

fn ids(conn: &mut AnyConnection, find: impl FnOnce(Boxed<'static>) -> Boxed<'static>) -> Vec<i32> {
    find(patients::table.into_boxed()).select(patients::id).order(patients::id).load(conn).unwrap()
}

const NOBODY: [i32; 0] = [];

macro_rules! suite {
    ($name:ident, $fresh:path) => {
        mod $name {
            use super::*;

            fn with_patients(test: impl FnOnce(&mut AnyConnection)) {
                let database = $fresh();
                super::with_patients(&mut database.connect(), test);
            }

            #[test]
            fn rows_come_back_as_they_were_written() {
                with_patients(|conn| {
                    let row: Patient = patients::table.find(2).select(Patient::as_select()).first(conn).unwrap();
                    assert_eq!(row, patient(2, "ADA@X"));
                    let row: Patient = patients::table.find(4).select(Patient::as_select()).first(conn).unwrap();
                    assert_eq!((row.phone, row.city.unwrap().into_inner()), (None, "Rome".to_owned()));

                    let (email, note): (Vec<u8>, String) =
                        patients::table.select((patients::email, patients::note)).first(conn).unwrap();
                    assert_eq!(email[..3], [0xE1, 2, 0]);
                    assert!(note.starts_with("4QEA"), "{note}");
                });
            }

            #[test]
            fn searches_find_what_is_equal() {
                with_patients(|conn| {
                    assert_eq!(ids(conn, |all| all.filter(patients::email.blind_eq("Ada@X"))), [1, 2]);
                    assert_eq!(
                        ids(conn, |all| all.filter(patients::note.blind_eq("note bea@x"))),
                        [3],
                        "a text column"
                    );
                    assert_eq!(ids(conn, |all| all.filter(patients::phone.blind_eq("(555) 01"))), [1, 2, 3]);
                    assert_eq!(ids(conn, |all| all.filter(patients::phone.blind_eq(None::<&str>))), NOBODY);
                    assert_eq!(ids(conn, |all| all.filter(patients::email.blind_ne("ADA@x"))), [3, 4]);
                    assert_eq!(ids(conn, |all| all.filter(not(patients::note.blind_eq("note bea@x")))), [1, 2, 4]);
                    let any = ["ada@x", "cleo@y", "nobody"];
                    assert_eq!(ids(conn, |all| all.filter(patients::email.blind_eq_any(any))), [1, 2, 4]);
                    assert_eq!(ids(conn, |all| all.filter(patients::email.blind_eq_any([""; 0]))), NOBODY);
                    let host = patients::email.by(Patient::EMAIL_HOST);
                    assert_eq!(ids(conn, |all| all.filter(host.blind_eq("X"))), [1, 2, 3]);
                    assert_eq!(ids(conn, |all| all.filter(host.blind_eq_any(["x", "y"]))), [1, 2, 3, 4]);
                    assert_eq!(ids(conn, |all| all.filter(host.blind_ne("x"))), [4]);
                    let candidates = patients::city.blind_eq_candidates("ROME").confirm(
                        |filter| patients::table.filter(filter).select(Patient::as_select()).load(conn),
                        |patient| &patient.city,
                    );
                    assert_eq!(candidates.unwrap().len(), 1);
                });
            }

            #[test]
            fn tags_group_and_count() {
                with_patients(|conn| {
                    let groups: Vec<(Option<Vec<u8>>, i64)> = patients::table
                        .group_by(patients::email.blind_index())
                        .select((patients::email.blind_index(), count_star()))
                        .order(count_star().desc())
                        .load(conn)
                        .unwrap();
                    assert_eq!(groups.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2, 1, 1]);
                    assert!(groups.iter().all(|(tag, _)| tag.as_ref().unwrap().len() == 15));
                    let host = patients::email.by(Patient::EMAIL_HOST);
                    let groups: Vec<i64> = patients::table
                        .group_by(host.blind_index())
                        .select(count_star())
                        .order(count_star())
                        .load(conn)
                        .unwrap();
                    assert_eq!(groups, [1, 3]);
                    let notes: Vec<Option<String>> =
                        patients::table.select(patients::note.blind_index()).distinct().load(conn).unwrap();
                    assert_eq!(notes.len(), 4);
                });
            }

            #[test]
            fn tags_join() {
                with_patients(|conn| {
                    for (id, contact) in [(1, "Bea@X"), (2, "cleo@y"), (3, "nobody")] {
                        insert_into(visits::table).values(visit(id, 1, contact)).execute(conn).unwrap();
                    }
                    let pairs: Vec<(i32, i32)> = visits::table
                        .inner_join(patients::table.on(visits::contact.blind_index().eq(patients::email.blind_index())))
                        .select((patients::id, visits::id))
                        .order(visits::id)
                        .load(conn)
                        .unwrap();
                    assert_eq!(pairs, [(3, 1), (4, 2)]);
                    let visited: Vec<(i32, Option<Patient>)> = visits::table
                        .left_join(patients::table.on(visits::contact.blind_index().eq(patients::email.blind_index())))
                        .select((visits::id, Option::<Patient>::as_select()))
                        .order(visits::id)
                        .load(conn)
                        .unwrap();
                    assert_eq!(
                        visited.iter().map(|(_, patient)| patient.as_ref().map(|one| one.id)).collect::<Vec<_>>(),
                        [Some(3), Some(4), None]
                    );
                    let other = diesel::alias!(patients as other);
                    let twins: Vec<(i32, i32)> = patients::table
                        .inner_join(
                            other.on(other.field(patients::email).blind_index().eq(patients::email.blind_index())),
                        )
                        .filter(other.field(patients::id).gt(patients::id))
                        .select((patients::id, other.field(patients::id)))
                        .load(conn)
                        .unwrap();
                    assert_eq!(twins, [(1, 2)]);
                });
            }

            #[test]
            fn updates_seal_anew() {
                with_patients(|conn| {
                    let target = patients::table.filter(patients::email.blind_eq("BEA@x"));
                    let changed = (
                        patients::email.eq(patients::email.seal("Dora@z")),
                        patients::memo.eq(patients::memo.seal("moved")),
                    );
                    assert_eq!(update(target).set(changed).execute(conn), Ok(1));
                    let row: Patient = patients::table
                        .filter(patients::email.blind_eq("dora@Z"))
                        .select(Patient::as_select())
                        .first(conn)
                        .unwrap();
                    assert_eq!((row.id, row.memo.as_ref().unwrap().expose().as_str()), (3, "moved"));
                    let row = Patient { email: Encrypted::new("Eve@z".into()), ..row };
                    assert_eq!(update(&row).set(&row).execute(conn), Ok(1));
                    assert_eq!(ids(conn, |all| all.filter(patients::email.blind_eq("eve@z"))), [3]);
                    assert_eq!(delete(patients::table.filter(patients::email.blind_eq("eve@z"))).execute(conn), Ok(1));
                });
            }

            #[test]
            fn strict_columns_are_written_searched_joined_and_loaded() {
                with_patients(|conn| {
                    let badge = |id, code, owner: Option<&str>| Badge {
                        id,
                        code: Encrypted::new(code),
                        owner: Encrypted::new(owner.map(str::to_owned)),
                    };
                    for badge in [badge(1, -7, Some("BEA@x")), badge(2, i64::MAX, None)] {
                        assert_eq!(insert_into(badges::table).values(&badge).execute(conn), Ok(1));
                    }
                    let find = |code: i64| badges::table.filter(badges::code.blind_eq(code)).select(Badge::as_select());
                    assert_eq!(find(-7).load(conn), Ok(vec![badge(1, -7, Some("BEA@x"))]));
                    assert_eq!(find(i64::MAX).load(conn), Ok(vec![badge(2, i64::MAX, None)]));
                    let other = diesel::alias!(badges as other);
                    let owned = badges::table
                        .inner_join(other.on(other.field(badges::owner).blind_index().eq(badges::owner.blind_index())))
                        .select((badges::id, other.field(badges::id)));
                    assert_eq!(owned.load(conn), Ok(vec![(1, 1)]), "NULL joins nothing");

                    let sealed = SealedBadge { id: 3, code: Sealed::seal(&3_i64).unwrap(), owner: None };
                    assert_eq!(insert_into(badges::table).values(sealed).execute(conn), Ok(1));
                    let changed = badges::owner.eq(badges::owner.seal("ada@x"));
                    assert_eq!(update(badges::table.find(3)).set(changed).execute(conn), Ok(1));
                    let sealed: SealedBadge =
                        badges::table.find(3).select(SealedBadge::as_select()).first(conn).unwrap();
                    assert_eq!(
                        (sealed.id, sealed.code.open(), sealed.owner.unwrap().open()),
                        (3, Ok(3), Ok("ada@x".into()))
                    );
                });
            }

            #[test]
            fn bound_values_open_for_their_owner_alone() {
                with_patients(|conn| {
                    let diagnosis = Sealed::seal_bound("Influenza", &1).unwrap();
                    let chart = Chart { id: 1, diagnosis: Some(diagnosis) };
                    assert_eq!(update(&chart).set(&chart).execute(conn), Ok(1));
                    let chart: Chart = patients::table.find(1).select(Chart::as_select()).first(conn).unwrap();
                    let diagnosis = chart.diagnosis.unwrap();
                    assert_eq!(diagnosis.open_bound(&1).unwrap(), "Influenza");
                    assert!(matches!(diagnosis.open_bound(&2), Err(ValueError::Tampered { .. })));
                });
            }

            #[test]
            fn an_altered_value_is_refused_and_leaves_the_others_readable() {
                with_patients(|conn| {
                    let mut bytes: Vec<u8> = patients::table.find(2).select(patients::email).first(conn).unwrap();
                    *bytes.last_mut().unwrap() ^= 1;
                    update(patients::table.find(2)).set(patients::email.eq(bytes)).execute(conn).unwrap();
                    let all = patients::table.select(Patient::as_select()).load(conn);
                    assert!(matches!(all.encryption_error(), Some(ValueError::Tampered { .. })));
                    let query = "SELECT id, email FROM patients ORDER BY id";
                    let rows: Vec<SealedEmail> = diesel::sql_query(query).load(conn).unwrap();
                    let emails = Sealed::open_all(rows.iter().map(|row| &row.email));
                    assert_eq!(emails.opened.len(), 3);
                    assert_eq!(rows[emails.failures[0].position].id, 2);
                });
            }
        }
    };
}

on_each!(suite);
