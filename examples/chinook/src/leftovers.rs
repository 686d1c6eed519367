//! Drops the plaintext tables and looks for what they held in every byte of the database.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::print::{entry, heading, say};
use crate::{Result, plain};

pub(crate) fn show(connection: &mut SqliteConnection) -> Result<()> {
    let customers = plain::customers(connection)?;
    let employees = plain::employees(connection)?;
    let emails = customers.iter().map(|customer| Some(customer.email.as_str()));
    let emails = emails.chain(employees.iter().map(|employee| employee.email.as_deref())).flatten().collect();
    let phones = customers.iter().map(|customer| customer.phone.as_deref());
    let phones = phones.chain(employees.iter().map(|employee| employee.phone.as_deref())).flatten().collect();
    let addresses = customers.iter().map(|customer| customer.address.as_deref());
    let addresses = addresses.chain(employees.iter().map(|employee| employee.address.as_deref())).flatten().collect();

    // Invoices refer to the table that goes. Without VACUUM, the pages of a dropped table stay as they were.
    connection.batch_execute("PRAGMA foreign_keys = OFF; DROP TABLE Customer; DROP TABLE Employee; VACUUM")?;
    let database = connection.serialize_database_to_buffer();
    let (len, database) = (database.len(), String::from_utf8_lossy(&database));

    heading("What is left of the plaintext?");
    entry("dropped", "the tables Customer and Employee; then VACUUM");
    for (name, values) in [("emails", emails), ("phones", phones), ("addresses", addresses)] {
        let values: Vec<&str> = values;
        let found = values.iter().filter(|value| database.contains(*value)).count();
        entry(name, &format!("{found} of {} are still among the database's {} bytes", values.len(), len));
    }
    say(
        "Addresses stand in Invoice.BillingAddress too, which this example does not encrypt: a value is as safe as the \
         least protected place where it is written.",
    );
    Ok(())
}
