//! `COPY` of PostgreSQL, in and out, and lists of sealed values.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

use std::io::Read;

use diesel::connection::SimpleConnection;
use diesel::dsl::{insert_into, sql};
use diesel::pg::CopyFormat;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{Array, Binary};
use diesel::{copy_from, copy_to};
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::{Dialect, of};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{self, Chart, Clinic, Patient, Visit, patient, patients, visit, visits};

/// A row to be copied or inserted: binary and text columns, and those that may be NULL.
#[derive(Insertable, Encrypted)]
#[diesel(table_name = patients, treat_none_as_default_value = false)]
#[encrypted(columns_of = Patient)]
struct NewPatient<'a> {
    id: i32,
    name: &'a str,
    #[encrypt]
    #[diesel(embed)]
    email: Encrypted<&'a str, patients::email>,
    #[encrypt]
    #[diesel(embed)]
    phone: Encrypted<Option<&'a str>, patients::phone>,
    #[encrypt]
    #[diesel(embed)]
    note: Encrypted<String, patients::note>,
    #[encrypt]
    #[diesel(embed)]
    memo: Encrypted<Option<String>, patients::memo>,
}

fn new_patient(id: i32, email: &str) -> NewPatient<'_> {
    NewPatient {
        id,
        name: "Ada",
        email: Encrypted::new(email),
        phone: Encrypted::new(Some("555-01")),
        note: Encrypted::new(format!("note {email}")),
        memo: Encrypted::null(),
    }
}

/// What is bound to its owner, and so was sealed before.
#[derive(Insertable, Encrypted)]
#[diesel(table_name = patients, treat_none_as_default_value = false)]
#[encrypted(columns_of = Chart)]
struct NewChart {
    id: i32,
    name: String,
    email: Vec<u8>,
    note: String,
    #[encrypt]
    #[diesel(embed)]
    diagnosis: Sealed<Option<String>, patients::diagnosis>,
}

/// What `COPY` reads: no NULL stands before another column.
#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = patients, check_for_backend(diesel::pg::Pg))]
struct Contact {
    id: i32,
    email: Encrypted<String, patients::email>,
    note: Sealed<String, patients::note>,
    memo: Option<Encrypted<String, patients::memo>>,
}

fn with_clinic(test: impl FnOnce(&mut PgConnection)) {
    clinic::vault().enter(|| test(&mut clinic::postgres()));
}

fn all(conn: &mut PgConnection) -> Vec<Patient> {
    patients::table.select(Patient::as_select()).order(patients::id).load(conn).unwrap()
}

#[test]
fn copied_rows_are_sealed_and_found() {
    with_clinic(|conn| {
        let emails: Vec<String> = (0..1000).map(|number| format!("P{number}@x")).collect();
        let rows: Vec<NewPatient<'_>> = (0..).zip(&emails).map(|(id, email)| new_patient(id, email)).collect();
        assert_eq!(copy_from(patients::table).from_insertable(&rows).execute(conn), Ok(1000));

        let expected: Vec<Patient> = (0..).zip(&emails).map(|(id, email)| patient(id, email)).collect();
        assert_eq!(all(conn), expected);
        let found = |email: &str| patients::table.filter(patients::email.blind_eq(email)).select(patients::id);
        assert_eq!(found("p77@X").load(conn), Ok(vec![77]));
        let by_note = patients::table.filter(patients::note.blind_eq("note P77@x")).select(patients::id);
        assert_eq!(by_note.load(conn), Ok(vec![77]), "the text column");
        let null = patients::table.filter(patients::memo.is_null()).count().get_result(conn);
        assert_eq!(null, Ok(1000));
        let stored: Vec<(Vec<u8>, String)> =
            patients::table.select((patients::email, patients::note)).load(conn).unwrap();
        assert!(stored.iter().all(|(email, note)| email[..3] == [0xE1, 2, 0] && note.starts_with("4QEA")));
    });
}

/// A column that the compiler lets nothing else into.
mod strict {
    use super::*;

    diesel::table! {
        use diesel::sql_types::*;
        use diesel_encrypted::sql_types::Ciphertext;

        accounts (id) {
            id -> Integer,
            email -> Ciphertext<email>,
            phone -> Nullable<Ciphertext<phone>>,
        }
    }

    #[derive(Queryable, Selectable, Insertable, Encrypted)]
    #[diesel(table_name = accounts, check_for_backend(diesel::pg::Pg))]
    struct Account {
        id: i32,
        #[encrypt]
        #[searchable]
        email: Encrypted<String, accounts::email>,
        #[encrypt]
        phone: Encrypted<Option<String>, accounts::phone>,
    }

    #[derive(Insertable, Encrypted)]
    #[diesel(table_name = accounts, treat_none_as_default_value = false)]
    #[encrypted(columns_of = Account)]
    struct NewAccount {
        id: i32,
        #[encrypt]
        #[diesel(embed)]
        email: Encrypted<&'static str, accounts::email>,
        #[encrypt]
        #[diesel(embed)]
        phone: Encrypted<Option<&'static str>, accounts::phone>,
    }

    #[test]
    fn rows_are_copied_into_strict_columns_and_out_of_them() {
        let table = "CREATE TABLE accounts (id integer PRIMARY KEY, email {bytes} NOT NULL, phone {bytes})";
        let conn = &mut *PgConnection::with_table::<Account>(table);
        let vault = Vault::builder(RootKeys::ephemeral().unwrap()).model::<Account>().open(conn).unwrap();
        vault.enter(|| {
            let new = |id, email, phone| NewAccount { id, email: Encrypted::new(email), phone: Encrypted::new(phone) };
            let rows = vec![new(1, "a@x", Some("1")), new(2, "b@x", None)];
            copy_from(accounts::table).from_insertable(rows).execute(conn).unwrap();
            let found = accounts::table.filter(accounts::email.blind_eq("b@x")).select(accounts::id).first(conn);
            assert_eq!(found, Ok(2));
            let out: Vec<Account> =
                copy_to(accounts::table).load::<Account, _>(conn).unwrap().collect::<QueryResult<_>>().unwrap();
            let out: Vec<_> = out.iter().map(|row| (row.id, row.email.expose().as_str(), row.phone.expose())).collect();
            assert_eq!(out, [(1, "a@x", &Some("1".to_owned())), (2, "b@x", &None)]);
        });
    }
}

#[test]
fn a_copy_passes_the_guards_of_the_table() {
    clinic::vault().enter(|| {
        let conn = &mut *clinic::postgres();
        conn.batch_execute(&of::<Patient>(Dialect::Postgres).up().unwrap()).unwrap();
        copy_from(patients::table).from_insertable(vec![new_patient(1, "a@x")]).execute(conn).unwrap();
        assert_eq!(all(conn), [patient(1, "a@x")]);
        let raw = |conn: &mut PgConnection| {
            copy_from(patients::table)
                .from_raw_data((patients::id, patients::name, patients::email, patients::note), |to| {
                    to.write_all(b"2\tBob\tbob@x\tplain\n").map_err(|error| Error::SerializationError(error.into()))
                })
                .execute(conn)
        };
        let refused = raw(conn).unwrap_err();
        assert!(matches!(refused, Error::DatabaseError(diesel::result::DatabaseErrorKind::CheckViolation, _)));
    });
}

#[test]
fn the_same_struct_is_inserted() {
    with_clinic(|conn| {
        insert_into(patients::table).values(&new_patient(1, "a@x")).execute(conn).unwrap();
        insert_into(patients::table).values(vec![new_patient(2, "b@x"), new_patient(3, "c@x")]).execute(conn).unwrap();
        assert_eq!(all(conn), [patient(1, "a@x"), patient(2, "b@x"), patient(3, "c@x")]);
    });
}

#[test]
fn a_value_alone_is_a_row_of_its_column() {
    let statement = insert_into(visits::table).values(Encrypted::<_, visits::contact>::new("a@x"));
    let written = diesel::debug_query::<diesel::pg::Pg, _>(&statement).to_string();
    assert_eq!(written, "INSERT INTO \"visits\" (\"contact\") VALUES ($1) -- binds: [[sealed]]");
}

#[test]
fn what_is_bound_to_its_owner_is_copied_sealed() {
    with_clinic(|conn| {
        let chart =
            |id: i32, diagnosis| NewChart { id, name: "Ada".into(), email: Vec::new(), note: String::new(), diagnosis };
        let flu = Sealed::<String, _>::seal_bound("flu", &1).unwrap();
        let charts = vec![chart(1, Some(flu).into()), chart(2, Sealed::null())];
        copy_from(patients::table).from_insertable(charts).execute(conn).unwrap();
        let charts: Vec<Chart> = patients::table.select(Chart::as_select()).order(patients::id).load(conn).unwrap();
        let flu = charts[0].diagnosis.as_ref().unwrap();
        assert_eq!(flu.open_bound(&1).unwrap(), "flu");
        assert!(flu.open_bound(&2).is_err());
        assert!(charts[1].diagnosis.is_none());
    });
}

#[test]
fn a_value_that_cannot_be_sealed_ends_the_copy_and_nothing_is_written() {
    let clinic = Clinic::new();
    let conn = &mut *clinic::postgres();
    let lacking = clinic.open(|builder| builder.model::<Visit>());
    let rows = vec![new_patient(1, "a@x"), new_patient(2, "b@x")];
    let failed = lacking.enter(|| copy_from(patients::table).from_insertable(&rows).execute(conn)).unwrap_err();
    // The server repeats what it was told, and so Diesel says that the database failed.
    assert!(failed.to_string().contains("`patients.email`: this vault was opened without its model"), "{failed:?}");
    // The connection is good for more.
    assert_eq!(patients::table.count().get_result(conn), Ok(0));
    clinic.vault().enter(|| copy_from(patients::table).from_insertable(&rows).execute(conn)).unwrap();
    assert_eq!(patients::table.count().get_result(conn), Ok(2));
}

#[test]
fn copy_to_opens_and_keeps_sealed() {
    with_clinic(|conn| {
        let rows: Vec<Patient> = (1..=3)
            .map(|id| Patient { memo: Some(Encrypted::new(format!("memo {id}"))), ..patient(id, &format!("{id}@x")) })
            .collect();
        insert_into(patients::table).values(&rows).execute(conn).unwrap();
        insert_into(patients::table).values(&patient(4, "4@x")).execute(conn).unwrap();
        let mut copied: Vec<Contact> =
            copy_to(patients::table).load::<Contact, _>(conn).unwrap().collect::<QueryResult<_>>().unwrap();
        copied.sort_by_key(|contact| contact.id);
        for contact in &copied {
            assert_eq!(contact.email.expose(), &format!("{}@x", contact.id));
            assert_eq!(contact.note.open().unwrap(), format!("note {}@x", contact.id));
            let memo = contact.memo.as_ref().map(|memo| memo.expose().clone());
            assert_eq!(memo, (contact.id < 4).then(|| format!("memo {}", contact.id)));
        }
        assert_eq!(copied.len(), 4);
    });
}

/// What docs/copy.md warns of: when these fail, Diesel has mended it.
#[test]
fn diesel_has_two_faults_of_its_own_in_what_copies_out() {
    #[derive(Queryable, Selectable)]
    #[diesel(table_name = patients, check_for_backend(diesel::pg::Pg))]
    struct Optional {
        memo: Option<Encrypted<String, patients::memo>>,
        phone: Option<Encrypted<String, patients::phone>>,
    }

    with_clinic(|conn| {
        insert_into(patients::table).values(&patient(1, "a@x")).execute(conn).unwrap();
        assert_eq!(all(conn), [patient(1, "a@x")], "prepared from now on");
        let copied: Vec<Optional> =
            copy_to(patients::table).load::<Optional, _>(conn).unwrap().collect::<QueryResult<_>>().unwrap();
        assert!(copied[0].memo.is_none() && copied[0].phone.is_none(), "a phone that follows a NULL is lost");

        let next = patients::table.select(Patient::as_select()).order(patients::id).load(conn);
        assert!(next.unwrap_err().to_string().contains("another command is already in progress"));
        conn.batch_execute("SELECT 1").unwrap();
        assert!(all(conn)[0].phone.is_some());
    });
}

#[test]
fn a_copy_to_another_vault_is_refused_row_by_row() {
    let conn = &mut *clinic::postgres();
    clinic::vault().enter(|| insert_into(patients::table).values(&patient(1, "a@x")).execute(conn).unwrap());
    clinic::vault().enter(|| {
        let rows: Vec<QueryResult<Contact>> = copy_to(patients::table).load::<Contact, _>(conn).unwrap().collect();
        assert_eq!(rows.len(), 1);
        assert!(rows[0].as_ref().unwrap_err().encryption_error().is_some());
    });
}

/// A dump of one table is a dump of another: what is sealed stays as it is, indexes included.
#[test]
fn raw_copies_carry_sealed_values() {
    let clinic = Clinic::new();
    clinic.vault().enter(|| {
        let (source, target) = (&mut *clinic::postgres(), &mut *clinic::postgres());
        insert_into(patients::table).values(&vec![patient(1, "a@x"), patient(2, "b@x")]).execute(source).unwrap();
        for format in [CopyFormat::Text, CopyFormat::Csv, CopyFormat::Binary] {
            let mut dump = Vec::new();
            copy_to(patients::table).with_format(format).load_raw(source).unwrap().read_to_end(&mut dump).unwrap();
            source.batch_execute("SELECT 1").unwrap();
            assert!(!dump.windows(3).any(|part| part == b"a@x"), "no plaintext");
            copy_from(patients::table)
                .from_raw_data(patients::table, |to| {
                    to.write_all(&dump).map_err(|error| Error::SerializationError(error.into()))
                })
                .with_format(format)
                .execute(target)
                .unwrap();
            assert_eq!(all(target), [patient(1, "a@x"), patient(2, "b@x")], "{format:?}");
            diesel::delete(patients::table.filter(patients::email.blind_eq_any(["A@x", "B@x"])))
                .execute(target)
                .unwrap();
            assert_eq!(patients::table.count().get_result(target), Ok(0));
        }
    });
}

#[test]
fn a_list_that_sql_makes_of_sealed_values_is_opened() {
    with_clinic(|conn| {
        insert_into(visits::table).values(&vec![visit(1, 1, "a@x"), visit(2, 1, "b@x")]).execute(conn).unwrap();
        let list = sql::<Array<Binary>>("array_agg(contact ORDER BY id)");
        let contacts: Vec<Encrypted<String, visits::contact>> = visits::table.select(list).first(conn).unwrap();
        assert_eq!(contacts, [visit(1, 1, "a@x").contact, visit(2, 1, "b@x").contact]);
    });
}
