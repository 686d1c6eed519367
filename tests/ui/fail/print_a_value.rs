//! Plaintext comes out through `expose` alone: a value does not print, and is no string.

use diesel_encrypted_tests::clinic::patient;

fn main() {
    let ada = patient(1, "ada@example.org");
    println!("{}", ada.email);
    let _: &str = &ada.email;
    let _ = ada.email.len();
}
