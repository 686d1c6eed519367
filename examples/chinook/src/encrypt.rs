//! Copies customers and employees into encrypted tables.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::{self, Dialect};
use diesel_encrypted::{LocalRootKey, RootKeyId};

use crate::Result;
use crate::model::{Customer, Employee};
use crate::plain;
use crate::schema::{customers, employees};

/// How many rows were encrypted.
pub(crate) struct Copied {
    pub(crate) customers: usize,
    pub(crate) employees: usize,
}

/// Makes the encrypted tables, opens the vault over them, and copies.
pub(crate) fn copy(connection: &mut SqliteConnection) -> Result<Copied> {
    connection.batch_execute(include_str!("tables.sql"))?;
    connection.batch_execute(&sql::of::<Customer>(Dialect::Sqlite).up()?)?;
    connection.batch_execute(&sql::of::<Employee>(Dialect::Sqlite).up()?)?;

    // The database ends with the program, and so does its key. An application asks `RootKeys::from_env()`.
    let root_key = LocalRootKey::new(RootKeyId::new("chinook-example")?, Secret::generate()?);
    Vault::builder(RootKeys::new(root_key))
        .application("chinook")
        .model::<Customer>()
        .model::<Employee>()
        .open(connection)?
        .install()?;

    let customers = plain::customers(connection)?.into_iter().map(customer).collect::<Result<Vec<_>>>()?;
    let employees = plain::employees(connection)?.into_iter().map(employee).collect::<Result<Vec<_>>>()?;
    connection.transaction(|connection| {
        Ok(Copied {
            employees: diesel::insert_into(employees::table).values(&employees).execute(connection)?,
            customers: diesel::insert_into(customers::table).values(&customers).execute(connection)?,
        })
    })
}

fn customer(plain: plain::Customer) -> Result<Customer> {
    let id = plain.customer_id;
    Ok(Customer {
        customer_id: id,
        first_name: plain.first_name,
        last_name: plain.last_name,
        country: plain.country,
        address: plain.address.map(|address| Sealed::seal_bound(&address, &id)).transpose()?,
        phone: plain.phone.map(Encrypted::new),
        email: Encrypted::new(plain.email),
        support_rep_id: plain.support_rep_id,
    })
}

fn employee(plain: plain::Employee) -> Result<Employee> {
    let id = plain.employee_id;
    Ok(Employee {
        employee_id: id,
        first_name: plain.first_name,
        last_name: plain.last_name,
        title: plain.title,
        address: plain.address.map(|address| Sealed::seal_bound(&address, &id)).transpose()?,
        phone: plain.phone.map(Encrypted::new),
        email: plain.email.map(Encrypted::new),
    })
}
