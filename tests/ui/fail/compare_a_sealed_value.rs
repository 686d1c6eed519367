//! `Sealed` compares no better than `Encrypted`.

use diesel::prelude::*;
use diesel_encrypted::Sealed;
use diesel_encrypted_tests::clinic::patients;

fn main() {
    let email = Sealed::<String, patients::email>::seal("ada@example.org").unwrap();
    let _ = patients::table.filter(patients::email.ne(&email));
}
