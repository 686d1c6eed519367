//! Candidates are no filter: they have to be confirmed.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::patients;

fn main() {
    let _ = patients::table.filter(patients::city.blind_eq_candidates("Paris"));
}
