//! What the clinic asks its database: each query is written once, and each database gets it in its own SQL.

use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use diesel_encrypted::prelude::*;

use crate::connection::AnyConnection;
use crate::model::{Patient, Visit};
use crate::schema::{patients, visits};

/// Of a `MultiConnection` that has a SQLite variant, Diesel takes one row in a statement.
pub fn add_patient(conn: &mut AnyConnection, patient: &Patient) -> QueryResult<usize> {
    diesel::insert_into(patients::table).values(patient).execute(conn)
}

pub fn add_visit(conn: &mut AnyConnection, visit: &Visit) -> QueryResult<usize> {
    diesel::insert_into(visits::table).values(visit).execute(conn)
}

pub fn visits_with(conn: &mut AnyConnection, contact: &str) -> QueryResult<i64> {
    visits::table.filter(visits::contact.blind_eq(contact)).count().get_result(conn)
}

pub fn by_email(conn: &mut AnyConnection, email: &str) -> QueryResult<Option<Patient>> {
    patients::table.filter(patients::email.blind_eq(email)).select(Patient::as_select()).first(conn).optional()
}

pub fn by_emails(conn: &mut AnyConnection, emails: &[&str]) -> QueryResult<Vec<Patient>> {
    patients::table
        .filter(patients::email.blind_eq_any(emails.iter().copied()))
        .select(Patient::as_select())
        .order(patients::id)
        .load(conn)
}

pub fn by_phone(conn: &mut AnyConnection, phone: &str) -> QueryResult<Vec<Patient>> {
    patients::table.filter(patients::phone.blind_eq(phone)).select(Patient::as_select()).order(patients::id).load(conn)
}

/// The patients whose email is at this host, by the second index of the column.
pub fn at_host(conn: &mut AnyConnection, host: &str) -> QueryResult<Vec<Patient>> {
    patients::table
        .filter(patients::email.by(Patient::EMAIL_HOST).blind_eq(host))
        .select(Patient::as_select())
        .order(patients::id)
        .load(conn)
}

/// The first patient and the number of patients of each host. A tag names no value: the patient's email does.
pub fn hosts(conn: &mut AnyConnection) -> QueryResult<Vec<(Patient, i64)>> {
    let host = patients::email.by(Patient::EMAIL_HOST);
    let groups: Vec<(Option<i32>, i64)> = patients::table
        .group_by(host.blind_index())
        .select((min(patients::id), count_star()))
        .order(min(patients::id))
        .load(conn)?;
    groups
        .into_iter()
        .filter_map(|(first, count)| first.map(|first| (first, count)))
        .map(|(first, count)| {
            let patient = patients::table.find(first).select(Patient::as_select()).first(conn)?;
            Ok((patient, count))
        })
        .collect()
}

/// Each visit by a patient: who left an address that is a patient's email, in any spelling.
pub fn visits_by_patients(conn: &mut AnyConnection) -> QueryResult<Vec<(Patient, Visit)>> {
    patients::table
        .inner_join(visits::table.on(visits::contact.blind_index().eq(patients::email.blind_index())))
        .select((Patient::as_select(), Visit::as_select()))
        .order(visits::id)
        .load(conn)
}

pub fn move_to(conn: &mut AnyConnection, from: &str, to: &str) -> QueryResult<usize> {
    diesel::update(patients::table.filter(patients::email.blind_eq(from)))
        .set(patients::email.eq(patients::email.seal(to)))
        .execute(conn)
}
