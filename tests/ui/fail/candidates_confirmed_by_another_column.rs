//! Candidates are confirmed by the column that was searched.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::{Patient, patients};

fn main() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let _ = patients::city.blind_eq_candidates("Paris").confirm(
        |filter| patients::table.filter(filter).select(Patient::as_select()).load(conn),
        |patient| &patient.email,
    );
}
