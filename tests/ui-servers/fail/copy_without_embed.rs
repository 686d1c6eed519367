//! `COPY` takes what is embedded, and none of what may be left out.

use diesel::prelude::*;
use diesel_encrypted::Encrypted;

diesel::table! {
    patients (id) {
        id -> Integer,
        email -> Binary,
        phone -> Nullable<Binary>,
    }
}

#[derive(Insertable, Encrypted)]
#[diesel(table_name = patients, treat_none_as_default_value = false)]
struct Patient {
    #[encrypt]
    email: Encrypted<String, patients::email>,
    #[encrypt]
    phone: Encrypted<Option<String>, patients::phone>,
}

#[derive(Insertable, Encrypted)]
#[diesel(table_name = patients)]
#[encrypted(columns_of = Patient)]
struct MayBeLeftOut {
    #[encrypt]
    #[diesel(embed)]
    phone: Option<Encrypted<String, patients::phone>>,
}

fn main() {
    let patients: Vec<Patient> = Vec::new();
    let _ = diesel::copy_from(patients::table).from_insertable(&patients);
    let patients: Vec<MayBeLeftOut> = Vec::new();
    let _ = diesel::copy_from(patients::table).from_insertable(&patients);
}
