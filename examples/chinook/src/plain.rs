//! The tables as the script made them: what is copied, and what answers are held against.
//!
//! They are read once, and asked in Rust, so that no database's idea of equal texts stands between two answers.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::Result;
use crate::model::email_domain;
use crate::schema::{invoices, plain_customers, plain_employees};

#[derive(Queryable, Selectable)]
#[diesel(table_name = plain_customers)]
pub(crate) struct Customer {
    pub(crate) customer_id: i32,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) country: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: String,
    pub(crate) support_rep_id: Option<i32>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = plain_employees)]
pub(crate) struct Employee {
    pub(crate) employee_id: i32,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) title: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
}

/// An invoice. The total is in dollars.
#[derive(Queryable, Selectable)]
#[diesel(table_name = invoices)]
pub(crate) struct Invoice {
    pub(crate) invoice_id: i32,
    pub(crate) customer_id: i32,
    pub(crate) day: String,
    pub(crate) total: f64,
}

/// Everything that is asked about, by primary key.
pub(crate) struct Plain {
    pub(crate) customers: Vec<Customer>,
    pub(crate) employees: Vec<Employee>,
    pub(crate) invoices: Vec<Invoice>,
}

impl Plain {
    /// The first customer with a phone number and an invoice.
    pub(crate) fn subject(&self) -> Result<&Customer> {
        let bought = |customer: &Customer| self.invoices.iter().any(|i| i.customer_id == customer.customer_id);
        let found = self.customers.iter().find(|customer| customer.phone.is_some() && bought(customer));
        found.ok_or_else(|| "no customer in this database has a phone number and an invoice".into())
    }

    pub(crate) fn with_email(&self, email: &str) -> Vec<i32> {
        let email = email.to_lowercase();
        let found = self.customers.iter().filter(|customer| customer.email.to_lowercase() == email);
        found.map(|customer| customer.customer_id).collect()
    }

    pub(crate) fn with_phone(&self, phone: &str) -> Vec<i32> {
        let digits = Some(only_digits(phone));
        let found = self.customers.iter().filter(|customer| customer.phone.as_deref().map(only_digits) == digits);
        found.map(|customer| customer.customer_id).collect()
    }

    /// Domains and how many customers have them, by name.
    pub(crate) fn per_domain(&self) -> Vec<(String, i64)> {
        let mut domains = BTreeMap::new();
        for customer in &self.customers {
            *domains.entry(email_domain(&customer.email)).or_default() += 1;
        }
        domains.into_iter().collect()
    }

    /// Number, day and total of the invoices of who has this email.
    pub(crate) fn invoices(&self, email: &str) -> Vec<(i32, String, f64)> {
        let customers = self.with_email(email);
        let found = self.invoices.iter().filter(|invoice| customers.contains(&invoice.customer_id));
        found.map(|invoice| (invoice.invoice_id, invoice.day.clone(), invoice.total)).collect()
    }
}

pub(crate) fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
