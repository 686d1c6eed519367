//! A named index belongs to its column.

use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::{Patient, patients};

fn main() {
    let _ = patients::phone.by(Patient::EMAIL_HOST);
}
