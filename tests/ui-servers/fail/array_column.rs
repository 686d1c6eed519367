//! A column of many values holds no sealed ones: a list is sealed as one value.

use diesel_encrypted::{Encrypted, Json};

diesel::table! {
    patients (id) {
        id -> Integer,
        phones -> Array<Binary>,
        names -> Nullable<Array<Nullable<Text>>>,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = patients)]
struct Patient {
    #[encrypt]
    phones: Encrypted<Json<Vec<String>>, patients::phones>,
    #[encrypt]
    names: Option<Encrypted<String, patients::names>>,
}

fn main() {}
