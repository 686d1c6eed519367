//! What diesel-async's drivers carry in and out, beside what Diesel's own do, and our errors within theirs.

use diesel::{
    prelude::*,
    sql_types::{Binary, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl, sync_connection_wrapper::SyncConnectionWrapper};
use diesel_encrypted::{EncryptionErrorExt, ValueError, prelude::*};
use diesel_encrypted_tests::clinic::{self, Chart, Clinic, Patient, Visit, patient, patients};
use futures_util::StreamExt;

use crate::database::{self, Database, runtime};

type Email = Encrypted<String, patients::email>;
type SealedEmail = Sealed<String, patients::email>;

/// Every kind of character, as long as the narrowest column of the suites allows.
const TEXT: &str = "\u{1}\t\n\"'\\%_\u{7F}é€\u{FFFD}𝄞\u{10FFFF}@example.org";

/// The row as it stands in the database, read by the database's own connection of Diesel's.
#[derive(QueryableByName, Debug, PartialEq)]
struct Raw {
    #[diesel(sql_type = Binary)]
    email: Vec<u8>,
    #[diesel(sql_type = Text)]
    note: String,
}

const RAW: &str = "SELECT email, note FROM patients WHERE id = 1";

macro_rules! values {
    ($backend:ident: $connection:ty, $sync:ty, $database:path) => {
        mod $backend {
            use super::*;

            async fn insert(connection: &mut $connection, row: &Patient) -> QueryResult<usize> {
                diesel::insert_into(patients::table).values(row).execute(connection).await
            }

            /// A connection to a database with one row.
            async fn with_a_row(database: &Database, vault: &Vault) -> $connection {
                let mut connection = database.connect().await;
                vault.attach(async || insert(&mut connection, &patient(1, "ada@x")).await).await.unwrap();
                connection
            }

            async fn sql(connection: &mut $connection, statement: &str) {
                diesel::sql_query(statement).execute(connection).await.unwrap();
            }

            #[test]
            fn what_one_driver_writes_the_other_reads_byte_by_byte() {
                let (database, vault) = ($database(), clinic::vault());
                let row = Patient {
                    remark: Encrypted::new(TEXT.to_owned()),
                    memo: Some(Encrypted::new(String::new())),
                    phone: None,
                    ..patient(1, TEXT)
                };
                let awaited = runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    vault.attach(async || insert(&mut connection, &row).await).await.unwrap();
                    let raw: Raw = diesel::sql_query(RAW).get_result(&mut connection).await.unwrap();
                    let columns = patients::table.select((patients::email, patients::note));
                    let columns = columns.first::<(Vec<u8>, String)>(&mut connection).await.unwrap();
                    assert_eq!((&raw.email, &raw.note), (&columns.0, &columns.1));
                    // By the query builder and by SQL.
                    let loaded = patients::table.select(Patient::as_select());
                    let loaded = vault.attach(|| loaded.load(&mut connection)).await;
                    assert_eq!(loaded, Ok(vec![row.clone()]));
                    let by_sql = diesel::sql_query("SELECT * FROM patients");
                    let by_sql = vault.attach(|| by_sql.load::<Patient>(&mut connection)).await;
                    assert_eq!(by_sql, Ok(vec![row.clone()]));
                    raw
                });
                assert_eq!(awaited.email[0], 0xE1);
                assert!(awaited.note.starts_with('4') && awaited.note.bytes().all(|byte| byte.is_ascii_graphic()));

                let mut connection = <$sync>::establish(database.url()).unwrap();
                let raw: Raw = diesel::RunQueryDsl::get_result(diesel::sql_query(RAW), &mut connection).unwrap();
                assert_eq!(raw, awaited);
                vault.enter(|| {
                    let loaded = patients::table.select(Patient::as_select());
                    let loaded = diesel::RunQueryDsl::load(loaded, &mut connection);
                    assert_eq!(loaded, Ok(vec![row.clone()]));
                    let moved = Patient { id: 2, ..row.clone() };
                    let insert = diesel::insert_into(patients::table).values(&moved);
                    diesel::RunQueryDsl::execute(insert, &mut connection).unwrap();
                });
                runtime().block_on(async {
                    let mut connection: $connection = database.connect().await;
                    let email = patients::table.find(2).select(patients::email);
                    let email = vault.attach(|| email.first::<Email>(&mut connection)).await;
                    assert_eq!(email.unwrap().expose(), TEXT);
                });
            }

            #[test]
            fn a_bound_value_keeps_its_owner() {
                let (database, vault) = ($database(), clinic::vault());
                runtime().block_on(async {
                    let mut connection = with_a_row(&database, &vault).await;
                    let diagnosis = Some(vault.enter(|| Sealed::seal_bound("well", &1)).unwrap());
                    let update = diesel::update(patients::table.find(1)).set(Chart { id: 1, diagnosis });
                    vault.attach(|| update.execute(&mut connection)).await.unwrap();
                    let chart: Chart =
                        patients::table.select(Chart::as_select()).first(&mut connection).await.unwrap();
                    let diagnosis = chart.diagnosis.unwrap();
                    vault.enter(|| {
                        assert_eq!(diagnosis.open_bound(&1).unwrap(), "well");
                        let other = diagnosis.open_bound(&2);
                        assert!(matches!(other, Err(ValueError::Tampered { bound: true, .. })), "{other:?}");
                    });
                });
            }

            #[test]
            fn a_value_that_does_not_open_is_our_error_however_it_is_loaded() {
                let (database, vault, other) = ($database(), clinic::vault(), clinic::vault());
                runtime().block_on(async {
                    let mut connection = with_a_row(&database, &vault).await;
                    let all = patients::table.select(patients::email);
                    let unknown = other.attach(|| all.load::<Email>(&mut connection)).await;
                    assert!(matches!(unknown.encryption_error(), Some(ValueError::UnknownKey { .. })), "{unknown:?}");

                    let altered: Vec<u8> = all.first(&mut connection).await.unwrap();
                    let altered: Vec<u8> = {
                        let mut altered = altered;
                        *altered.last_mut().unwrap() ^= 1;
                        altered
                    };
                    let update = diesel::update(patients::table).set(patients::email.eq(altered));
                    update.execute(&mut connection).await.unwrap();
                    let is_tampered = |error: Option<&ValueError>| {
                        matches!(error, Some(ValueError::Tampered { field, .. }) if field.to_string() == "patients.email")
                    };
                    vault
                        .attach(async || {
                            let loaded = all.load::<Email>(&mut connection).await;
                            assert!(is_tampered(loaded.encryption_error()), "{loaded:?}");
                            let first = all.first::<Email>(&mut connection).await;
                            assert!(is_tampered(first.encryption_error()), "{first:?}");
                            let row = patients::table.select(Patient::as_select());
                            let row = row.get_result(&mut connection).await;
                            assert!(is_tampered(row.encryption_error()), "{row:?}");
                            let by_sql = diesel::sql_query("SELECT * FROM patients");
                            let by_sql = by_sql.get_result::<Patient>(&mut connection).await;
                            assert!(is_tampered(by_sql.encryption_error()), "{by_sql:?}");
                            let mut stream = all.load_stream::<Email>(&mut connection).await.unwrap();
                            let streamed = stream.next().await.unwrap();
                            assert!(is_tampered(streamed.encryption_error()), "{streamed:?}");
                            drop(stream);
                            let within = connection
                                .transaction(async |connection| all.load::<Email>(connection).await)
                                .await;
                            assert!(is_tampered(within.encryption_error()), "{within:?}");
                        })
                        .await;
                    sql(&mut connection, "UPDATE patients SET note = 'in the clear'").await;
                    let note = patients::table.select(patients::note);
                    let note = vault.attach(|| note.first::<Encrypted<String, patients::note>>(&mut connection)).await;
                    assert!(matches!(note.encryption_error(), Some(ValueError::NotEncrypted { .. })), "{note:?}");
                });
            }

            #[test]
            fn a_value_that_is_not_sealed_is_our_error_and_leaves_the_connection_usable() {
                let (database, clinic) = ($database(), Clinic::new());
                let (vault, visits_only) = (clinic.vault(), clinic.open(|builder| builder.model::<Visit>()));
                runtime().block_on(async {
                    let mut connection = with_a_row(&database, &vault).await;
                    let unknown = visits_only.attach(async || insert(&mut connection, &patient(2, "bea@x")).await);
                    let unknown = unknown.await;
                    assert!(matches!(unknown.encryption_error(), Some(ValueError::UnknownField { .. })), "{unknown:?}");

                    // Sealed by hand in one vault, written within another.
                    let sealed = vault.enter(|| SealedEmail::seal("cleo@x")).unwrap();
                    let update = diesel::update(patients::table.find(1)).set(patients::email.eq(&sealed));
                    let elsewhere = clinic::vault().attach(|| update.execute(&mut connection)).await;
                    assert!(
                        matches!(elsewhere.encryption_error(), Some(ValueError::SealedElsewhere { .. })),
                        "{elsewhere:?}"
                    );
                    // A search is computed where it is written.
                    let search = || patients::table.filter(patients::email.blind_eq("ada@x")).count();
                    let unknown = visits_only.attach(|| search().get_result::<i64>(&mut connection)).await;
                    assert!(matches!(unknown.encryption_error(), Some(ValueError::UnknownField { .. })), "{unknown:?}");
                    let written = vault.enter(search);
                    let elsewhere = clinic::vault().attach(|| written.get_result::<i64>(&mut connection)).await;
                    assert!(
                        matches!(elsewhere.encryption_error(), Some(ValueError::SealedElsewhere { .. })),
                        "{elsewhere:?}"
                    );

                    // A transaction that it ends rolls back.
                    let within = vault.attach(async || {
                        connection
                            .transaction(async |connection| {
                                insert(connection, &patient(3, "dora@x")).await?;
                                visits_only.attach(async || insert(connection, &patient(4, "e@x")).await).await
                            })
                            .await
                    });
                    let within = within.await;
                    assert!(matches!(within.encryption_error(), Some(ValueError::UnknownField { .. })), "{within:?}");
                    let update = diesel::update(patients::table.find(1)).set(patients::email.eq(&sealed));
                    assert_eq!(vault.attach(|| update.execute(&mut connection)).await, Ok(1));
                    assert_eq!(patients::table.count().get_result::<i64>(&mut connection).await, Ok(1));
                });
            }
        }
    };
}

values!(sqlite: SyncConnectionWrapper<SqliteConnection>, SqliteConnection, database::sqlite);
#[cfg(feature = "postgres")]
values!(postgres: diesel_async::AsyncPgConnection, PgConnection, database::postgres);
#[cfg(feature = "mysql")]
values!(mysql: diesel_async::AsyncMysqlConnection, MysqlConnection, database::mysql);
