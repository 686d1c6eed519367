//! Questions to the encrypted tables. Each answer is held against the plaintext ones.

use crate::Result;
use crate::database::Database;
use crate::model::{Customer, email_domain};
use crate::plain::{Plain, only_digits};
use crate::print::{agreed, entry, heading, line};

/// Who has this email, and who looks after them.
pub(crate) fn by_email<D: Database>(database: &mut D, plain: &Plain, email: &str) -> Result<()> {
    heading("Who has this email?");
    entry("asked", &format!("email.blind_eq({email:?})"));
    let found = database.customers_with_email(email)?;
    for (customer, employee) in &found {
        show(customer)?;
        if let Some(employee) = employee {
            let email = employee.email.as_ref().map_or("no email", |email| email.expose());
            let title = employee.title.as_deref().unwrap_or("employee");
            entry("", &format!("looked after by {} {} <{email}>, {title}", employee.first_name, employee.last_name));
        }
    }
    let ids: Vec<i32> = found.iter().map(|(customer, _)| customer.customer_id).collect();
    nobody_if_empty(&ids);
    agreed(&ids, &plain.with_email(email))
}

/// Who has this phone number.
pub(crate) fn by_phone<D: Database>(database: &mut D, plain: &Plain, phone: &str) -> Result<()> {
    heading("Who has this phone number?");
    entry("asked", &format!("phone.blind_eq({phone:?})"));
    let found = database.customers_with_phone(phone)?;
    for customer in &found {
        show(customer)?;
    }
    let ids: Vec<i32> = found.iter().map(|customer| customer.customer_id).collect();
    nobody_if_empty(&ids);
    agreed(&ids, &plain.with_phone(phone))
}

/// How many customers each email domain has. The database groups by tags, which it cannot read; one email of each group
/// is opened to learn the group's name.
pub(crate) fn by_domain<D: Database>(database: &mut D, plain: &Plain) -> Result<()> {
    heading("How many customers has each email domain?");
    entry("asked", "group_by(email.by(Customer::EMAIL_DOMAIN).blind_index())");
    let groups = database.customers_per_domain()?;

    let mut counts = Vec::with_capacity(groups.len());
    for (one_of_them, count) in groups {
        let email = database.email_of(one_of_them.unwrap_or_default())?;
        counts.push((email_domain(email.expose()), count));
    }
    counts.sort();
    let by_name = counts.clone();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let (many, single): (Vec<_>, Vec<_>) = counts.iter().partition(|(_, count)| *count > 1);
    for (domain, count) in many {
        line(&format!("  {count:>9} {domain}"));
    }
    line(&format!("          1 each of {} other domains", single.len()));
    agreed(&by_name, &plain.per_domain())
}

/// The invoices of who has this email.
pub(crate) fn invoices<D: Database>(database: &mut D, plain: &Plain, email: &str) -> Result<()> {
    heading("What did they buy?");
    entry("asked", &format!("invoices joined with customers, email.blind_eq({email:?})"));
    let found = database.invoices_of(email)?;
    for (id, day, total) in &found {
        line(&format!("  invoice {id:>5}   {day}   {total:>7.2}"));
    }
    let sum = found.iter().fold(0.0, |sum, (_, _, total)| sum + total);
    line(&format!("  total of {:<14} {sum:>9.2}", found.len()));
    agreed(&found, &plain.invoices(email))
}

/// A customer, opened.
fn show(customer: &Customer) -> Result<()> {
    let phone = customer.phone.as_ref().map_or("no phone", |phone| phone.expose());
    entry("found", &format!("{} {} <{}>, {phone}", customer.first_name, customer.last_name, customer.email.expose()));
    if let Some(address) = &customer.address {
        let country = customer.country.as_deref().unwrap_or_default();
        entry("", &format!("{}, {country}", address.open_bound(&customer.customer_id)?));
    }
    Ok(())
}

fn nobody_if_empty(ids: &[i32]) {
    if ids.is_empty() {
        entry("found", "nobody");
    }
}

/// The same number as nobody has written it down: its digits in groups of three.
pub(crate) fn spelled_otherwise(phone: &str) -> String {
    let digits: Vec<char> = only_digits(phone).chars().collect();
    let groups: Vec<String> = digits.chunks(3).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}
