//! Nor within an `Option`, which Diesel would bind by itself.

use diesel::prelude::*;
use diesel_encrypted_tests::clinic::{Patient, patient, patients};

fn main() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let ada = patient(1, "ada@example.org");
    let _ = patients::table.filter(patients::phone.eq(ada.phone)).select(Patient::as_select()).load(conn);
}
