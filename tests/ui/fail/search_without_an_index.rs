//! Only a `#[searchable]` column is searched.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::patients;

fn main() {
    let _ = patients::table.filter(patients::memo.blind_eq("a memo"));
    let _ = patients::table.filter(patients::name.blind_eq("Ada"));
}
