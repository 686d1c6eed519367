//! Drops the plaintext tables and looks for what they held in everything that is left.

use diesel::prelude::*;

use crate::Result;
use crate::address::Server;
use crate::database::Database;
use crate::plain::Plain;
use crate::print::{entry, heading, say};

pub(crate) fn show<D: Database>(database: &mut D, plain: &Plain) -> Result<()> {
    let emails = plain.customers.iter().map(|customer| Some(customer.email.as_str()));
    let emails = emails.chain(plain.employees.iter().map(|employee| employee.email.as_deref())).flatten().collect();
    let phones = plain.customers.iter().map(|customer| customer.phone.as_deref());
    let phones = phones.chain(plain.employees.iter().map(|employee| employee.phone.as_deref())).flatten().collect();
    let addresses = plain.customers.iter().map(|customer| customer.address.as_deref());
    let addresses =
        addresses.chain(plain.employees.iter().map(|employee| employee.address.as_deref())).flatten().collect();

    // Invoices refer to the table that goes. Without VACUUM, SQLite leaves the pages of a dropped table as they were.
    database.batch_execute(D::words(
        "PRAGMA foreign_keys = OFF; DROP VIEW plain_customers; DROP VIEW plain_employees; DROP TABLE Customer; \
         DROP TABLE Employee; VACUUM",
        "DROP TABLE customer, employee CASCADE",
        "DROP VIEW plain_customers, plain_employees; SET foreign_key_checks = 0; DROP TABLE Customer, Employee; \
         SET foreign_key_checks = 1",
    ))?;
    let left = database.everything()?;
    let text = String::from_utf8_lossy(&left);

    heading("What is left of the plaintext?");
    entry(
        "dropped",
        D::words(
            "the tables Customer and Employee; then VACUUM",
            "the tables customer and employee",
            "the tables Customer and Employee",
        ),
    );
    for (name, values) in [("emails", emails), ("phones", phones), ("addresses", addresses)] {
        let values: Vec<&str> = values;
        let found = values.iter().filter(|value| text.contains(*value)).count();
        entry(name, &format!("{found} of {} are still among the database's {} bytes", values.len(), left.len()));
    }
    say(
        "Addresses stand in Invoice.BillingAddress too, which this example does not encrypt: a value is as safe as the \
         least protected place where it is written.",
    );
    if D::SERVER.is_some() {
        say(
            "What the server keeps beside its tables, such as logs and backups, still has what the script wrote. Tables \
             that were encrypted from the start leave nothing there. The encrypted tables stay, to be looked at; their key \
             ends with this program.",
        );
    }
    Ok(())
}

/// The file that a database in memory would be.
pub(crate) fn whole_file(database: &mut SqliteConnection) -> QueryResult<Vec<u8>> {
    Ok(database.serialize_database_to_buffer().to_vec())
}

/// What stands in every column of every table on a server, with a zero byte after each value.
pub(crate) fn every_column<D: Database>(database: &mut D) -> QueryResult<Vec<u8>> {
    let columns = database.texts(D::words(
        "",
        "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_schema = current_schema()",
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = database()",
    ))?;
    let mut left = Vec::new();
    for (table, column, kind) in columns {
        let values = database.bytes(&match (D::SERVER, kind.as_str()) {
            (Some(Server::Mysql), _) => format!("SELECT CAST(`{column}` AS BINARY) FROM `{table}`"),
            (_, "bytea") => format!("SELECT \"{column}\" FROM \"{table}\""),
            _ => format!("SELECT convert_to(\"{column}\"::text, 'UTF8') FROM \"{table}\""),
        })?;
        for value in values {
            left.extend(value.unwrap_or_default());
            left.push(0);
        }
    }
    Ok(left)
}
