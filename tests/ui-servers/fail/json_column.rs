//! A column that the database parses as JSON holds no sealed values, in a list or out of one.

use diesel_encrypted::{Encrypted, Json};

diesel::table! {
    patients (id) {
        id -> Integer,
        chart -> Nullable<Jsonb>,
        scans -> Array<Json>,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = patients)]
struct Patient {
    #[encrypt]
    chart: Encrypted<Option<Json<String>>, patients::chart>,
    #[encrypt]
    scans: Encrypted<Json<Vec<String>>, patients::scans>,
}

fn main() {}
