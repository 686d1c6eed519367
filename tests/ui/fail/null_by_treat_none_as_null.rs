//! NULL is written by `Encrypted<Option<T>, C>`: an `Option` around it is only ever skipped.

use diesel::prelude::*;
use diesel_encrypted::Encrypted;
use diesel_encrypted_tests::clinic::patients;

#[derive(AsChangeset)]
#[diesel(table_name = patients, treat_none_as_null = true)]
struct Patch {
    phone: Option<Encrypted<String, patients::phone>>,
}

fn main() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let _ = diesel::update(patients::table).set(&Patch { phone: None }).execute(conn);
}
