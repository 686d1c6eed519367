//! What a unique index refuses, and what it does not see.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::{self, Dialect};
use diesel_encrypted::{Class, EncryptedModel, Field, Index, Storage};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{self, Clinic, Patient, patients};

use super::{assert_refused, database, person, with_phone};

/// `patients.phone` before it was searchable, when its index is removed, and with four of them.
static UNSEARCHED: Field = Field::new("patients.phone", "patients", "phone", Class::Text, Storage::Binary);
static UNINDEXED: Field = Field::new("patients.phone", "patients", "phone", Class::Text, Storage::Binary)
    .primary_key(&["id"])
    .indexes(&[Index::new("default").removed()]);
static FOURFOLD: Field = Field::new("patients.phone", "patients", "phone", Class::Text, Storage::Binary).indexes(&[
    Index::new("a"),
    Index::new("b"),
    Index::new("c"),
    Index::new("d"),
]);

struct Fourfold;

impl EncryptedModel for Fourfold {
    fn fields() -> &'static [&'static Field] {
        static FIELDS: &[&Field] = &[&FOURFOLD];
        FIELDS
    }
}

macro_rules! refused {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            const DIALECT: Dialect = <$connection as Backend>::DIALECT;

            fn insert(conn: &mut $connection, patient: &Patient) -> QueryResult<usize> {
                diesel::insert_into(patients::table).values(patient).execute(conn)
            }

            fn set_phone(conn: &mut $connection, id: i32, sealed: Vec<u8>) -> QueryResult<usize> {
                diesel::update(patients::table.find(id)).set(patients::phone.eq(sealed)).execute(conn)
            }

            #[test]
            fn a_value_that_is_equal_after_normalisation_is_refused() {
                clinic::vault().enter(|| {
                    let conn: &mut $connection = &mut database();
                    insert(conn, &person(1, "ada@x")).unwrap();
                    let again = Patient { remark: Encrypted::new("another".to_owned()), ..person(2, "ADA@X") };
                    assert_refused(insert(conn, &again));
                    assert_refused(insert(conn, &Patient { remark: person(1, "ada@x").remark, ..person(2, "b@y") }));
                    let twice = vec![person(2, "b@y"), Patient { id: 3, ..person(2, "b@y") }];
                    assert_refused(diesel::insert_into(patients::table).values(twice).execute(conn));

                    insert(conn, &person(2, "bea@y")).unwrap();
                    let taken = patients::email.eq(patients::email.seal("Ada@x"));
                    assert_refused(diesel::update(patients::table.find(2)).set(taken).execute(conn));
                    let own = patients::email.eq(patients::email.seal("BEA@Y"));
                    diesel::update(patients::table.find(2)).set(own).execute(conn).unwrap();
                });
            }

            #[test]
            fn null_and_values_without_a_tag_are_not_kept_apart() {
                let clinic = Clinic::new();
                let before = clinic.open(|builder| builder.field(&UNSEARCHED));
                let conn: &mut $connection = &mut database();
                clinic.vault().enter(|| {
                    for id in 1..=4 {
                        insert(conn, &person(id, &format!("{id}@{id}"))).unwrap();
                    }
                    for id in 3..=4 {
                        set_phone(conn, id, before.seal(&UNSEARCHED, "555-01").unwrap()).unwrap();
                    }
                    insert(conn, &with_phone(5, "555-01")).unwrap();
                    assert_refused(insert(conn, &with_phone(6, "555-01")));
                });
            }

            #[test]
            fn short_values_without_a_tag_can_be_taken_for_equal() {
                let before = Clinic::new().open(|builder| builder.field(&UNSEARCHED));
                let conn: &mut $connection = &mut database();
                for statement in sql::of::<Patient>(DIALECT).drop_indexes() {
                    conn.batch_execute(&statement).unwrap();
                }
                clinic::vault().enter(|| {
                    for id in 1..=2 {
                        insert(conn, &person(id, &format!("{id}@{id}"))).unwrap();
                        set_phone(conn, id, before.seal(&UNSEARCHED, &id.to_string()).unwrap()).unwrap();
                    }
                });
                let mut statements = sql::of::<Fourfold>(DIALECT).unique("phone", "d").indexes().unwrap();
                let fourth = statements.pop().unwrap();
                for statement in statements {
                    conn.batch_execute(&statement).unwrap();
                }
                assert_refused(diesel::sql_query(fourth).execute(conn));
            }

            #[test]
            fn the_unique_index_of_one_that_was_removed_finds_all_values_equal() {
                let clinic = Clinic::new();
                let conn: &mut $connection = &mut database();
                clinic.vault().enter(|| {
                    for id in 1..=2 {
                        insert(conn, &person(id, &format!("{id}@{id}"))).unwrap();
                    }
                });
                let removed = clinic.open(|builder| builder.field(&UNINDEXED));
                set_phone(conn, 1, removed.seal(&UNINDEXED, "555-01").unwrap()).unwrap();
                assert_refused(set_phone(conn, 2, removed.seal(&UNINDEXED, "555-02").unwrap()));
            }
        }
    };
}

diesel_encrypted_tests::on_each!(refused);
