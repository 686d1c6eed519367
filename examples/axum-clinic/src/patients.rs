//! What the service asks its database. Each query is written once.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_encrypted::prelude::*;

use crate::{
    database::{Database, on},
    error::Error,
    model::{NewPatient, Patient, PatientInput},
    schema::patients,
};

pub async fn create(database: &Database, input: &PatientInput) -> Result<i64, Error> {
    Ok(on!(database, |conn| {
        diesel::insert_into(patients::table)
            .values(NewPatient::from(input))
            .returning(patients::id)
            .get_result(conn)
            .await?
    }))
}

pub async fn find(database: &Database, id: i64) -> Result<Patient, Error> {
    Ok(on!(database, |conn| patients::table.find(id).select(Patient::as_select()).first(conn).await?))
}

pub async fn find_by_email(database: &Database, email: &str) -> Result<Patient, Error> {
    let found = patients::email.blind_eq(email);
    Ok(on!(database, |conn| patients::table.filter(found).select(Patient::as_select()).first(conn).await?))
}

/// At most `limit` patients behind the one with the id `after`, in the order of their ids.
pub async fn list(database: &Database, after: i64, limit: i64) -> Result<Vec<Patient>, Error> {
    Ok(on!(database, |conn| {
        patients::table
            .filter(patients::id.gt(after))
            .order(patients::id)
            .limit(limit)
            .select(Patient::as_select())
            .load(conn)
            .await?
    }))
}

pub async fn update(database: &Database, id: i64, input: &PatientInput) -> Result<(), Error> {
    let updated = on!(database, |conn| {
        diesel::update(patients::table.find(id)).set(NewPatient::from(input)).execute(conn).await?
    });
    if updated == 0 { Err(Error::NotFound) } else { Ok(()) }
}
