//! Nor with several values.

use diesel::prelude::*;
use diesel_encrypted_tests::clinic::{patient, patients};

fn main() {
    let ada = patient(1, "ada@example.org");
    let _ = patients::table.filter(patients::email.eq_any([ada.email]));
}
