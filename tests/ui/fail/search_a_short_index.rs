//! With fewer than 112 bits there is equality alone, and its candidates are confirmed.

use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::patients;

fn main() {
    let _ = patients::city.blind_eq("Paris");
    let _ = patients::city.blind_ne("Paris");
    let _ = patients::city.blind_eq_any(["Paris"]);
    let _ = patients::city.blind_index();
    let _ = patients::city.blind_conflict_target();
}
