//! A pool of such connections.

use std::thread;

use diesel::dsl::insert_into;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool};
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::{Chart, Patient, Visit, patient, patients};

use super::{AnyConnection, on_each};

macro_rules! suite {
    ($name:ident, $fresh:path) => {
        mod $name {
            use super::*;

            #[test]
            fn the_threads_of_a_pool_share_one_vault() {
                let database = $fresh();
                let pool =
                    Pool::builder().max_size(4).build(ConnectionManager::<AnyConnection>::new(&database.url)).unwrap();
                let builder = Vault::builder(RootKeys::ephemeral().unwrap());
                let builder = builder.model::<Patient>().model::<Chart>().model::<Visit>();
                let vault = builder.open(&mut *pool.get().unwrap()).unwrap();
                thread::scope(|scope| {
                    for id in 1..=8 {
                        let (pool, vault) = (&pool, &vault);
                        scope.spawn(move || {
                            let email = format!("{id}@x");
                            let conn = &mut pool.get().unwrap();
                            if let AnyConnection::Sqlite(_) = **conn {
                                diesel::sql_query("PRAGMA busy_timeout = 5000").execute(conn).unwrap();
                            }
                            vault.enter(|| {
                                insert_into(patients::table).values(&patient(id, &email)).execute(conn).unwrap();
                                let found = patients::table.filter(patients::email.blind_eq(&email));
                                let found: Vec<Patient> = found.select(Patient::as_select()).load(conn).unwrap();
                                assert_eq!(found, [patient(id, &email)]);
                            });
                        });
                    }
                });
                let count = patients::table.count().get_result(&mut pool.get().unwrap());
                assert_eq!(count, Ok(8_i64));
            }
        }
    };
}

on_each!(suite);
