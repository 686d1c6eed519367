//! What the model's SQL makes: a database that takes nothing but sealed values, and finds them by an index.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_encrypted::sql::{self, Dialect, SqlError};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{self, Patient, Visit, patient, patients};
use diesel_encrypted_tests::scratch::Scratch;

/// What looks like a sealed value, and is not: each with another byte wrong, or a byte short.
fn not_sealed() -> Vec<Vec<u8>> {
    let padded = |head: &[u8], zeros: usize| [head, &vec![0; zeros]].concat();
    vec![
        b"ada".to_vec(),
        b"ada@example.org, who lives in a street of which the name is long".to_vec(),
        padded(&[0xE1], 0),
        padded(&[0xE1, 0, 0], 0),
        padded(&[0xE1, 0, 0, 1], 0),
        // Format byte, reserved byte, number of slots, algorithm.
        padded(&[0xE2, 0, 0, 1], 60),
        padded(&[0xE1, 0, 1, 1], 60),
        padded(&[0xE1, 16, 0, 1], 300),
        padded(&[0xE1, 0, 0, 0], 60),
        padded(&[0xE1, 0, 0, 4], 60),
        // One byte less than an empty value has, under two algorithms and behind one slot.
        padded(&[0xE1, 0, 0, 1], 32),
        padded(&[0xE1, 0, 0, 2], 44),
        [padded(&[0xE1, 1, 0], 15), padded(&[1], 32)].concat(),
    ]
}

/// A sealed text in another spelling, or with a part missing.
fn misspelt(sealed: &str) -> Vec<String> {
    let (_, rest) = sealed.split_at(1);
    vec![
        "in the clear".to_owned(),
        rest.to_owned(),
        format!("5{rest}"),
        format!("{sealed}="),
        format!("{sealed}\n"),
        sealed.chars().take(40).collect(),
    ]
}

macro_rules! guards {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            const DIALECT: Dialect = <$connection as Backend>::DIALECT;

            /// The tables as a first migration makes them, without indexes and guards.
            fn database() -> Scratch<$connection> {
                let mut connection = <$connection>::fresh();
                let (bytes, text) = clinic::types(DIALECT);
                for statement in clinic::create_tables(bytes, text) {
                    connection.batch_execute(&statement).unwrap();
                }
                connection
            }

            fn insert(conn: &mut $connection, id: i32, email: &str) -> QueryResult<usize> {
                diesel::insert_into(patients::table).values(&patient(id, email)).execute(conn)
            }

            #[track_caller]
            fn refused<T: std::fmt::Debug>(written: QueryResult<T>, column: &str) {
                let error = written.unwrap_err().to_string();
                let named = [format!("patients.{column}: not a sealed value"), format!("patients_{column}_sealed")];
                assert!(named.iter().any(|named| error.contains(named.as_str())), "{error}");
            }

            #[test]
            fn a_guarded_table_takes_sealed_values_and_null_alone() {
                let conn: &mut $connection = &mut database();
                conn.batch_execute(&sql::of::<Patient>(DIALECT).up().unwrap()).unwrap();
                clinic::vault().enter(|| insert(conn, 1, "Ada@example.org")).unwrap();
                let sealed: String = patients::table.select(patients::note).first(conn).unwrap();
                for bytes in not_sealed() {
                    let email = patients::email.eq(&bytes);
                    refused(diesel::update(patients::table).set(email).execute(conn), "email");
                    let row = (patients::id.eq(2), patients::name.eq("Ada"), email, patients::note.eq(&sealed));
                    refused(diesel::insert_into(patients::table).values(row).execute(conn), "email");
                }
                for text in misspelt(&sealed) {
                    refused(diesel::update(patients::table).set(patients::note.eq(text)).execute(conn), "note");
                }
                if DIALECT == Dialect::Sqlite {
                    let text = diesel::sql_query("UPDATE patients SET email = 'ada@example.org'").execute(conn);
                    refused(text, "email");
                }
                diesel::update(patients::table).set(patients::phone.eq(None::<Vec<u8>>)).execute(conn).unwrap();
                diesel::update(patients::table).set(patients::note.eq(sealed)).execute(conn).unwrap();
            }

            #[test]
            fn a_unique_index_keeps_equal_values_apart_until_it_is_dropped() {
                let conn: &mut $connection = &mut database();
                let sql = sql::of::<Patient>(DIALECT).unique("email", "default");
                conn.batch_execute(&sql.up().unwrap()).unwrap();
                let vault = clinic::vault();
                vault.enter(|| insert(conn, 1, "Ada@example.org")).unwrap();
                let twice = vault.enter(|| insert(conn, 2, "ADA@example.org"));
                let unique = matches!(twice, Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)));
                assert!(unique, "{twice:?}");

                conn.batch_execute(&sql.down().unwrap()).unwrap();
                vault.enter(|| insert(conn, 2, "ADA@example.org")).unwrap();
                let plain = patients::email.eq(b"free again".to_vec());
                diesel::update(patients::table).set(plain).execute(conn).unwrap();
            }

            #[test]
            fn checks_stand_in_a_create_table() {
                let conn: &mut $connection = &mut database();
                let checks = sql::of::<Visit>(DIALECT).checks().join(", ");
                let (bytes, _) = clinic::types(DIALECT);
                conn.batch_execute("DROP TABLE visits").unwrap();
                let create = format!("CREATE TABLE visits (id integer PRIMARY KEY, contact {bytes}, {checks})");
                conn.batch_execute(&create).unwrap();
                clinic::vault().enter(|| insert(conn, 1, "Ada@example.org")).unwrap();
                for (id, contact) in [(1, "NULL"), (2, "(SELECT email FROM patients)")] {
                    conn.batch_execute(&format!("INSERT INTO visits VALUES ({id}, {contact})")).unwrap();
                }
                let plain = <$connection>::literal(b"in the clear");
                let error = conn.batch_execute(&format!("INSERT INTO visits VALUES (3, {plain})")).unwrap_err();
                assert!(error.to_string().contains("visits_contact_sealed"), "{error}");
            }

            #[test]
            fn an_index_that_is_unknown_or_keeps_few_bits_cannot_be_unique() {
                let truncated = sql::of::<Patient>(DIALECT).unique("city", "default").indexes();
                assert!(matches!(truncated, Err(SqlError::UniqueTruncated { bits: 8, .. })), "{truncated:?}");
                let unknown = sql::of::<Patient>(DIALECT).unique("email", "nope").indexes();
                assert!(matches!(unknown, Err(SqlError::NoIndex { .. })), "{unknown:?}");
            }
        }
    };
}

guards!(sqlite: SqliteConnection);
#[cfg(feature = "postgres")]
guards!(postgres: PgConnection);
#[cfg(feature = "mysql")]
guards!(mysql: MysqlConnection);
