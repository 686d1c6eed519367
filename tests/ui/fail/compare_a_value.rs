//! An encrypted value cannot be compared in SQL: equal values are sealed differently each time.

use diesel::prelude::*;
use diesel_encrypted_tests::clinic::{patient, patients};

fn main() {
    let ada = patient(1, "ada@example.org");
    let _ = patients::table.filter(patients::email.eq(&ada.email));
}
