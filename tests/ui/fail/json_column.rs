//! A column that the database parses as JSON holds no sealed values, whatever the plaintext is.

use diesel_encrypted::{Encrypted, Json};

diesel::table! {
    documents (id) {
        id -> Integer,
        chart -> Jsonb,
        scan -> Nullable<Json>,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = documents)]
struct Document {
    #[encrypt]
    chart: Encrypted<Json<Vec<String>>, documents::chart>,
    #[encrypt]
    scan: Option<Encrypted<Json<String>, documents::scan>>,
}

fn main() {}
