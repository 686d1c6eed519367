//! What is embedded is no more comparable than it was.

use diesel::prelude::*;
use diesel_encrypted::{Encrypted, Sealed};

diesel::table! {
    patients (id) {
        id -> Integer,
        email -> Binary,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = patients)]
struct Patient {
    #[encrypt]
    email: Encrypted<String, patients::email>,
}

#[derive(Insertable, Encrypted)]
#[diesel(table_name = patients)]
#[encrypted(columns_of = Patient)]
struct NewPatient {
    #[encrypt]
    #[diesel(embed)]
    email: Sealed<String, patients::email>,
}

fn find(patient: NewPatient) {
    let _ = patients::table.filter(patients::email.eq(&patient.email));
    let _ = patients::table.filter(Insertable::<patients::table>::values(patient.email));
}

fn main() {}
