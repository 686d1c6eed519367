//! Two variants, in each combination: the macro does not ask for all three.

use diesel::dsl::insert_into;
use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::{Chart, Patient, Visit, patient, patients};

use super::fresh;

macro_rules! two {
    ($name:ident: $one:ident($one_connection:ty, $one_database:path), $two:ident($two_connection:ty, $two_database:path)) => {
        mod $name {
            use super::*;

            #[derive(diesel::MultiConnection)]
            pub enum Either {
                $one($one_connection),
                $two($two_connection),
            }

            diesel_encrypted::multi_connection!(MultiBackend);

            fn writes_and_finds(connection: &mut Either) {
                let builder = Vault::builder(RootKeys::ephemeral().unwrap());
                let vault = builder.model::<Patient>().model::<Chart>().model::<Visit>().open(connection).unwrap();
                vault.enter(|| {
                    insert_into(patients::table).values(&patient(1, "Ada@x")).execute(connection).unwrap();
                    let found = patients::table.filter(patients::email.blind_eq("ada@X")).select(Patient::as_select());
                    assert_eq!(found.load(connection), Ok(vec![patient(1, "Ada@x")]));
                    let tags =
                        patients::table.select(patients::email.blind_index()).load::<Option<Vec<u8>>>(connection);
                    assert_eq!(tags.unwrap()[0].as_ref().map(Vec::len), Some(15));
                });
            }

            #[test]
            fn the_first() {
                let database = $one_database();
                writes_and_finds(&mut Either::$one(Connection::establish(&database.url).unwrap()));
            }

            #[test]
            fn the_second() {
                let database = $two_database();
                writes_and_finds(&mut Either::$two(Connection::establish(&database.url).unwrap()));
            }
        }
    };
}

two!(postgres_and_sqlite: Postgres(PgConnection, fresh::postgres), Sqlite(SqliteConnection, fresh::sqlite));
two!(mysql_and_sqlite: Mysql(MysqlConnection, fresh::mysql), Sqlite(SqliteConnection, fresh::sqlite));
two!(mysql_and_postgres: Mysql(MysqlConnection, fresh::mysql), Postgres(PgConnection, fresh::postgres));
