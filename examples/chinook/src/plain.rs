//! The tables as the script made them: what is copied, and what answers are held against.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::Result;
use crate::model::email_domain;
use crate::schema::{invoices, plain_customers, plain_employees};

diesel::define_sql_function! {
    /// Lower case by Unicode's rules. SQLite's own `lower` knows ASCII alone.
    fn lowercased(text: Text) -> Text;
}
diesel::define_sql_function! {
    /// The digits of a text.
    fn digits(text: Nullable<Text>) -> Nullable<Text>;
}
diesel::define_sql_function! {
    /// The part behind the `@`, for the statement in [`per_domain`].
    fn domain(email: Text) -> Text;
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = plain_customers, check_for_backend(diesel::sqlite::Sqlite))]
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
#[diesel(table_name = plain_employees, check_for_backend(diesel::sqlite::Sqlite))]
pub(crate) struct Employee {
    pub(crate) employee_id: i32,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) title: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
}

/// What there is, in words. Fails if a table or column is missing.
pub(crate) fn count(connection: &mut SqliteConnection) -> QueryResult<String> {
    let (customers, employees) = (customers(connection)?.len(), employees(connection)?.len());
    let invoices: i64 = invoices::table.count().get_result(connection)?;
    Ok(format!("{customers} customers, {employees} employees, {invoices} invoices"))
}

pub(crate) fn customers(connection: &mut SqliteConnection) -> QueryResult<Vec<Customer>> {
    plain_customers::table.order(plain_customers::customer_id).select(Customer::as_select()).load(connection)
}

pub(crate) fn employees(connection: &mut SqliteConnection) -> QueryResult<Vec<Employee>> {
    plain_employees::table.order(plain_employees::employee_id).select(Employee::as_select()).load(connection)
}

/// The first customer with a phone number and an invoice. Registers the functions that the questions below need.
pub(crate) fn subject(connection: &mut SqliteConnection) -> Result<Customer> {
    lowercased_utils::register_impl(connection, |text: String| text.to_lowercase())?;
    digits_utils::register_impl(connection, |text: Option<String>| text.as_deref().map(only_digits))?;
    domain_utils::register_impl(connection, |email: String| email_domain(&email))?;

    let bought = plain_customers::customer_id.eq_any(invoices::table.select(invoices::customer_id));
    let found = plain_customers::table
        .filter(plain_customers::phone.is_not_null())
        .filter(bought)
        .order(plain_customers::customer_id)
        .select(Customer::as_select())
        .first(connection)
        .optional()?;
    found.ok_or_else(|| "no customer in this database has a phone number and an invoice".into())
}

pub(crate) fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

pub(crate) fn with_email(connection: &mut SqliteConnection, email: &str) -> QueryResult<Vec<i32>> {
    plain_customers::table
        .filter(lowercased(plain_customers::email).eq(email.to_lowercase()))
        .order(plain_customers::customer_id)
        .select(plain_customers::customer_id)
        .load(connection)
}

pub(crate) fn with_phone(connection: &mut SqliteConnection, phone: &str) -> QueryResult<Vec<i32>> {
    plain_customers::table
        .filter(digits(plain_customers::phone).eq(only_digits(phone)))
        .order(plain_customers::customer_id)
        .select(plain_customers::customer_id)
        .load(connection)
}

/// A domain and how many customers have it.
#[derive(QueryableByName)]
#[diesel(check_for_backend(diesel::sqlite::Sqlite))]
struct Domain {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    customers: i64,
}

/// Domains and how many customers have them, by name.
pub(crate) fn per_domain(connection: &mut SqliteConnection) -> QueryResult<Vec<(String, i64)>> {
    let grouped = "SELECT domain(Email) AS name, count(*) AS customers FROM Customer GROUP BY name ORDER BY name";
    let domains: Vec<Domain> = diesel::sql_query(grouped).load(connection)?;
    Ok(domains.into_iter().map(|domain| (domain.name, domain.customers)).collect())
}

/// Number, date and total of the invoices of who has this email.
pub(crate) fn invoices(connection: &mut SqliteConnection, email: &str) -> QueryResult<Vec<(i32, String, f64)>> {
    invoices::table
        .inner_join(plain_customers::table)
        .filter(lowercased(plain_customers::email).eq(email.to_lowercase()))
        .order(invoices::invoice_id)
        .select((invoices::invoice_id, invoices::date, invoices::total))
        .load(connection)
}
