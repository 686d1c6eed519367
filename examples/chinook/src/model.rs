//! The encrypted models.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;

use crate::schema::{customers, employees};

/// The part of an address behind the `@`, in lower case: what the index `domain` compares.
pub fn email_domain(email: &str) -> String {
    email.rsplit_once('@').map_or(email, |(_, domain)| domain).to_lowercase()
}

/// A customer. The address is kept sealed, and is bound to the customer: it opens in no other row.
#[derive(Queryable, Selectable, Identifiable, Insertable, Encrypted)]
#[diesel(table_name = customers, primary_key(customer_id))]
pub struct Customer {
    pub customer_id: i32,
    pub first_name: String,
    pub last_name: String,
    pub country: Option<String>,
    #[encrypt(bound_to(customer_id))]
    pub address: Option<Sealed<String, customers::address>>,
    #[encrypt]
    #[searchable(normalize = "digits")]
    pub phone: Option<Encrypted<String, customers::phone>>,
    #[encrypt]
    #[searchable(normalize = "lowercase")]
    #[searchable(name = "domain", with = email_domain)]
    pub email: Encrypted<String, customers::email>,
    pub support_rep_id: Option<i32>,
}

/// An employee, likewise.
#[derive(Queryable, Selectable, Identifiable, Insertable, Encrypted)]
#[diesel(table_name = employees, primary_key(employee_id))]
pub struct Employee {
    pub employee_id: i32,
    pub first_name: String,
    pub last_name: String,
    pub title: Option<String>,
    #[encrypt(bound_to(employee_id))]
    pub address: Option<Sealed<String, employees::address>>,
    #[encrypt]
    #[searchable(normalize = "digits")]
    pub phone: Option<Encrypted<String, employees::phone>>,
    #[encrypt]
    #[searchable(normalize = "lowercase")]
    pub email: Option<Encrypted<String, employees::email>>,
}
