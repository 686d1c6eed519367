//! The model, checked against all three backends when it is compiled.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;

use crate::schema::{patients, visits};

/// The part of an address behind the `@`.
pub fn host(email: &str) -> String {
    email.rsplit_once('@').map_or(email, |(_, host)| host).to_lowercase()
}

/// A patient. Declares the encrypted columns.
#[derive(Queryable, Selectable, Insertable, Identifiable, AsChangeset, Encrypted)]
#[diesel(table_name = patients)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::mysql::Mysql, diesel::sqlite::Sqlite))]
pub struct Patient {
    pub id: i32,
    pub name: String,
    #[encrypt]
    #[searchable(normalize = "lowercase", domain = "contact")]
    #[searchable(name = "host", with = host)]
    pub email: Encrypted<String, patients::email>,
    #[encrypt]
    #[searchable(normalize = "digits")]
    pub phone: Encrypted<Option<String>, patients::phone>,
}

/// Somebody who came by and left an address. It shares the emails' index domain, so that the two can be joined.
#[derive(Queryable, Selectable, Insertable, Identifiable, Encrypted)]
#[diesel(table_name = visits)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::mysql::Mysql, diesel::sqlite::Sqlite))]
pub struct Visit {
    pub id: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase", domain = "contact")]
    pub contact: Encrypted<String, visits::contact>,
    pub reason: String,
}

impl Patient {
    pub fn new(id: i32, name: &str, email: &str, phone: Option<&str>) -> Self {
        Self {
            id,
            name: name.to_owned(),
            email: Encrypted::new(email.to_owned()),
            phone: Encrypted::new(phone.map(str::to_owned)),
        }
    }
}

impl Visit {
    pub fn new(id: i32, contact: &str, reason: &str) -> Self {
        Self { id, contact: Encrypted::new(contact.to_owned()), reason: reason.to_owned() }
    }
}
