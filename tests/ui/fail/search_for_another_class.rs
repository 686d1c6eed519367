//! A column is searched for values of its own class.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::patients;

fn main() {
    let _ = patients::table.filter(patients::email.blind_eq(17_i32));
    let _ = patients::table.filter(patients::email.blind_eq_any([true]));
    let number = Encrypted::<i32, patients::email>::new(17);
    let _ = patients::table.filter(patients::email.blind_eq(&number));
}
