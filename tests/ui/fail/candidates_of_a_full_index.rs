//! An index that keeps all of its bits has no candidates.

use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::patients;

fn main() {
    let _ = patients::email.blind_eq_candidates("ada@example.org");
}
