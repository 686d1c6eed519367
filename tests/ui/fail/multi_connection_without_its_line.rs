//! A `MultiConnection` without `diesel_encrypted::multi_connection!(MultiBackend);` beside it.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::{Patient, patients};

mod connection {
    #[derive(diesel::MultiConnection)]
    pub enum AnyConnection {
        Sqlite(diesel::SqliteConnection),
    }
}
use connection::AnyConnection;

fn find(conn: &mut AnyConnection) -> QueryResult<Vec<i32>> {
    patients::table.filter(patients::email.blind_eq("ada@x")).select(patients::id).load(conn)
}

fn open(conn: &mut AnyConnection) -> Vault {
    Vault::builder(RootKeys::ephemeral().unwrap()).model::<Patient>().open(conn).unwrap()
}

fn main() {}
