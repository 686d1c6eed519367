//! Reads everything when nobody writes any more, and holds it against what was written.

use std::collections::HashMap;
use std::thread;

use diesel_encrypted::format::{text, value::SealedValue};
use diesel_encrypted::{EncryptedModel, Field, Vault};

use crate::Result;
use crate::driver::Driver;
use crate::model::{Call, Contact, Row};
use crate::scratch::Scratch;
use crate::session::Session;
use crate::tally::Tally;
use crate::writer::SHARED;

/// Rows in one statement.
const PAGE: i64 = 1000;
/// Connections that look rows up.
const THREADS: usize = 8;

/// What was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) rows: usize,
    pub(crate) calls: usize,
    pub(crate) tags: usize,
    pub(crate) lookups: usize,
}

/// Everything that is wrong goes into `tally`.
pub(crate) fn verify<D: Driver>(scratch: &Scratch<'_>, tally: &Tally, written: &[Row]) -> Result<Verified> {
    let mut session = Session::new(scratch, tally);
    let mut verified = Verified::default();
    let rows = read_rows::<D>(&mut session, tally, &mut verified)?;
    as_written(tally, &rows, written);
    read_calls::<D>(&mut session, tally, &mut verified, &rows)?;

    let chunk = rows.len().div_ceil(THREADS).max(1);
    thread::scope(|scope| {
        for rows in rows.chunks(chunk) {
            scope.spawn(|| {
                let mut session = Session::<D>::new(scratch, tally);
                rows.iter().for_each(|row| find_by_own_values(&mut session, tally, *row));
            });
        }
    });
    verified.rows = rows.len();
    verified.lookups = tally.counts("verify: by ").iter().map(|(_, count)| *count as usize).sum();
    Ok(verified)
}

/// Every row opens and is whole, and its tags are those of its values.
fn read_rows<D: Driver>(session: &mut Session<'_, D>, tally: &Tally, verified: &mut Verified) -> Result<Vec<Row>> {
    let [email, phone, note] = <[&'static Field; 3]>::try_from(Contact::fields())?;
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map_or(i32::MIN, |row| row.id);
        let Some(page) = session.read("verify: page", |connection| connection.stored(after, PAGE)) else { break };
        if page.is_empty() {
            break;
        }
        for (contact, stored) in page {
            let row = contact.whole().unwrap_or_else(|error| {
                tally.fail(error);
                Row { id: contact.id, version: contact.version, moves: contact.moves }
            });
            rows.push(row);
            verified.tags += tags(tally, row.id, email, &stored.email, contact.email.expose())?;
            if let (Some(stored), Some(phone_number)) = (&stored.phone, contact.phone.expose()) {
                verified.tags += tags(tally, row.id, phone, stored, phone_number)?;
            }
            verified.tags += tags(tally, row.id, note, &text::decode(&stored.note)?, contact.note.expose())?;
        }
    }
    Ok(rows)
}

/// Computes the tags of a value anew, and returns how many there are.
fn tags(tally: &Tally, id: i32, field: &'static Field, stored: &[u8], value: &str) -> Result<usize> {
    let vault = Vault::current().ok_or("no vault is installed")?;
    let stored = SealedValue::parse(stored)?;
    let indexes = field.declared_indexes();
    if stored.slots.len() != indexes.len() {
        tally.fail(format!("{} of {id} has {} tags and not {}", field.id(), stored.slots.len(), indexes.len()));
    }
    for (slot, (index, stored)) in indexes.iter().zip(stored.slots).enumerate() {
        if vault.search_slots(field, slot, value)?.as_slice() != [*stored] {
            tally.fail(format!("the tag {} of {} of {id} is not that of its value", index.name(), field.id()));
        }
    }
    Ok(indexes.len())
}

/// The rows are those that the writers wrote last, and no others.
fn as_written(tally: &Tally, rows: &[Row], written: &[Row]) {
    let mut expected: HashMap<i32, Row> = written.iter().map(|row| (row.id, *row)).collect();
    for row in rows {
        match expected.remove(&row.id) {
            _ if row.id <= SHARED => {}
            Some(written) if written == *row => {}
            Some(written) => tally.fail(format!("{row:?} was written last as {written:?}")),
            None => tally.fail(format!("{row:?} was deleted, or never written")),
        }
    }
    for row in expected.values().filter(|row| row.id > SHARED) {
        tally.fail(format!("{row:?} was written, and is gone"));
    }
    let shared = rows.iter().filter(|row| row.id <= SHARED).count();
    if shared != SHARED as usize {
        tally.fail(format!("{shared} of {SHARED} shared rows are left"));
    }
}

/// Every call opens, has its tag, and is joined by it to the one contact that has its email.
fn read_calls<D: Driver>(
    session: &mut Session<'_, D>,
    tally: &Tally,
    verified: &mut Verified,
    rows: &[Row],
) -> Result<()> {
    let [caller] = <[&'static Field; 1]>::try_from(Call::fields())?;
    let mut after = i32::MIN;
    let mut calls = Vec::new();
    while let Some(page) = session.read("verify: page of calls", |connection| connection.stored_callers(after, PAGE)) {
        let Some((last, _)) = page.last() else { break };
        after = last.id;
        for (call, stored) in page {
            verified.tags += tags(tally, call.id, caller, &stored, call.caller.expose())?;
            calls.push((call.id, call.caller.into_inner().to_lowercase()));
        }
    }
    let expected: Vec<(i32, String)> =
        rows.iter().filter(|row| row.call().is_some()).map(|row| (row.id, row.email().to_lowercase())).collect();
    if calls != expected {
        tally.fail(format!("{} calls are not those of the {} contacts that have one", calls.len(), expected.len()));
    }

    let mut joined = Vec::new();
    let mut after = i32::MIN;
    while let Some(page) = session.read("verify: page of a join", |connection| connection.callers(after, PAGE)) {
        let Some((_, last)) = page.last() else { break };
        after = last.id;
        joined.extend(page.into_iter().map(|(contact, call)| (contact.id, call.id)));
    }
    if !joined.iter().copied().eq(calls.iter().map(|(id, _)| (*id, *id))) {
        tally.fail(format!("{} pairs were joined of {} calls", joined.len(), calls.len()));
    }
    verified.calls = calls.len();
    Ok(())
}

/// The row is found by each of its values, and nothing else is.
fn find_by_own_values<D: Driver>(session: &mut Session<'_, D>, tally: &Tally, row: Row) {
    let mut found = vec![
        ("email", session.read("verify: by email", |connection| connection.by_email(&row.email()))),
        ("note", session.read("verify: by note", |connection| connection.by_note(&row.note()))),
    ];
    if let Some(phone) = row.phone() {
        found.push(("phone", session.read("verify: by phone", |connection| connection.by_phone(&phone))));
    }
    for (by, found) in found {
        let ids: Option<Vec<i32>> = found.map(|found| found.iter().map(|contact| contact.id).collect());
        if ids.is_some_and(|ids| ids != [row.id]) {
            tally.fail(format!("by the {by} of {row:?} it is not found, or not alone"));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

    use super::*;
    use crate::testing;

    const ROWS: i32 = 60;

    /// Fills the database anew, changes it by a statement, and returns what is read and what is found wrong.
    fn after<D: Driver>(scratch: &Scratch<'_>, statement: &str) -> (Verified, Vec<String>) {
        let mut connection: D = scratch.connect().unwrap();
        connection.batch_execute("DELETE FROM calls; DELETE FROM contacts").unwrap();
        crate::run::fill(&mut connection, ROWS).unwrap();
        connection.batch_execute(statement).unwrap();
        let written: Vec<Row> = (1..=ROWS).map(Row::new).collect();
        let tally = Tally::default();
        let verified = verify::<D>(scratch, &tally, &written).unwrap();
        (verified, tally.failures())
    }

    fn what_is_wrong_is_found<D: Driver>(url: &str) {
        testing::with_scratch::<D, _>(url, |scratch| {
            let with_phone = (1..=ROWS).filter(|id| Row::new(*id).phone().is_some()).count();
            let rows = ROWS as usize;
            let whole = Verified { rows, calls: 20, tags: 3 * rows + with_phone + 20, lookups: 2 * rows + with_phone };
            assert_eq!(after::<D>(scratch, "SELECT 1"), (whole, Vec::new()));

            let of_20 = "(SELECT note FROM (SELECT note FROM contacts WHERE id = 20) AS others)";
            let moved = format!("UPDATE contacts SET note = {of_20} WHERE id = 21");
            let spoil = "CASE substr(note, 81, 1) WHEN 'A' THEN 'B' ELSE 'A' END";
            let spoiled =
                format!("UPDATE contacts SET note = concat(left(note, 80), {spoil}, substr(note, 82)) WHERE id = 21");
            for (statement, expected) in [
                (moved.as_str(), "contacts.note opens to what is not of Row { id: 21,"),
                (&moved, "by the note of Row { id: 20, version: 0, moves: 0 } it is not found, or not alone"),
                (&spoiled, "verify: page: "),
                (
                    "UPDATE contacts SET phone = NULL WHERE id = 21",
                    "contacts.phone opens to what is not of Row { id: 21,",
                ),
                ("UPDATE contacts SET version = 10 WHERE id = 21", "opens to what is not of Row { id: 21,"),
                ("DELETE FROM contacts WHERE id = 22", "Row { id: 22, version: 0, moves: 0 } was written, and is gone"),
                ("DELETE FROM contacts WHERE id = 1", "5 of 6 shared rows are left"),
                ("DELETE FROM calls WHERE id = 21", "19 calls are not those of the 20 contacts that have one"),
                ("DELETE FROM contacts WHERE id = 21", "19 pairs were joined of 20 calls"),
            ] {
                let (_, failures) = after::<D>(scratch, statement);
                assert!(failures.iter().any(|failure| failure.contains(expected)), "no `{expected}` in {failures:#?}");
            }
        });
    }

    #[test]
    fn what_is_wrong_is_found_on_postgresql() {
        let Some(url) = testing::postgres_here() else { return };
        what_is_wrong_is_found::<diesel::PgConnection>(&url);
    }

    #[test]
    fn what_is_wrong_is_found_on_mysql() {
        let Some(url) = testing::mysql_here() else { return };
        what_is_wrong_is_found::<diesel::MysqlConnection>(&url);
    }

    #[test]
    fn the_tags_of_another_value_are_found() {
        testing::install_vault();
        let [email, ..] = <[&'static Field; 3]>::try_from(Contact::fields()).unwrap();
        let sealed = Vault::current().unwrap().seal(email, "ada@x.example").unwrap();
        let failures = |value: &str| {
            let tally = Tally::default();
            assert_eq!(tags(&tally, 7, email, &sealed, value).unwrap(), 2);
            tally.failures()
        };
        assert_eq!(failures("ADA@X.example"), [""; 0]);
        assert_eq!(failures("bea@x.example"), ["the tag default of contacts.email of 7 is not that of its value"]);
        assert_eq!(failures("ada@y.example").len(), 2);
    }
}
