//! A bound column is used through `Sealed`, which is told the owner.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::patients;

fn write(conn: &mut SqliteConnection, diagnosis: Encrypted<String, patients::diagnosis>) {
    let _ = diesel::update(patients::table).set(patients::diagnosis.eq(diagnosis)).execute(conn);
}

fn made() {
    let _ = patients::diagnosis.seal("flu");
}

fn main() {}
