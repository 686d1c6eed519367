//! Columns are fields with names.

use diesel_encrypted::Encrypted;

#[derive(Encrypted)]
enum Either {
    Left,
}

#[derive(Encrypted)]
struct Pair(String, String);

#[derive(Encrypted)]
union Both {
    one: u8,
    other: i8,
}

fn main() {}
