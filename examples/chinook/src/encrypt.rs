//! Copies customers and employees into encrypted tables.

use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::{self, Dialect};
use diesel_encrypted::{LocalRootKey, RootKeyId};

use crate::Result;
use crate::database::Database;
use crate::model::{Customer, Employee};
use crate::plain::{self, Plain};

/// Gives the encrypted tables their indexes and guards, opens the vault over them, and copies.
pub(crate) fn copy<D: Database>(database: &mut D, plain: &Plain) -> Result<()> {
    let dialect = D::words(Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql);
    for sql in [sql::of::<Customer>(dialect), sql::of::<Employee>(dialect)] {
        database.batch_execute(&sql.up()?)?;
    }

    // Nobody reads these rows after the program, so their key ends with it. An application asks `RootKeys::from_env()`.
    let root_key = LocalRootKey::new(RootKeyId::new("chinook-example")?, Secret::generate()?);
    Vault::builder(RootKeys::new(root_key))
        .application("chinook")
        .model::<Customer>()
        .model::<Employee>()
        .open(database)?
        .install()?;

    let customers = plain.customers.iter().map(customer).collect::<Result<Vec<_>>>()?;
    let employees = plain.employees.iter().map(employee).collect::<Result<Vec<_>>>()?;
    database.insert(&employees, &customers)?;
    Ok(())
}

fn customer(plain: &plain::Customer) -> Result<Customer> {
    let id = plain.customer_id;
    Ok(Customer {
        customer_id: id,
        first_name: plain.first_name.clone(),
        last_name: plain.last_name.clone(),
        country: plain.country.clone(),
        address: plain.address.as_ref().map(|address| Sealed::seal_bound(address, &id)).transpose()?,
        phone: plain.phone.clone().map(Encrypted::new),
        email: Encrypted::new(plain.email.clone()),
        support_rep_id: plain.support_rep_id,
    })
}

fn employee(plain: &plain::Employee) -> Result<Employee> {
    let id = plain.employee_id;
    Ok(Employee {
        employee_id: id,
        first_name: plain.first_name.clone(),
        last_name: plain.last_name.clone(),
        title: plain.title.clone(),
        address: plain.address.as_ref().map(|address| Sealed::seal_bound(address, &id)).transpose()?,
        phone: plain.phone.clone().map(Encrypted::new),
        email: plain.email.clone().map(Encrypted::new),
    })
}
