//! NULL is written by `Encrypted<Option<T>, C>`, not by an `Option` of an `Option`.

use diesel::prelude::*;
use diesel_encrypted::Encrypted;
use diesel_encrypted_tests::clinic::patients;

#[derive(AsChangeset)]
#[diesel(table_name = patients)]
struct Patch {
    phone: Option<Option<Encrypted<String, patients::phone>>>,
}

fn main() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let _ = diesel::update(patients::table).set(&Patch { phone: None }).execute(conn);
}
