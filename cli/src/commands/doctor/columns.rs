//! Columns: whether they can hold sealed values, and what they hold.

use diesel_encrypted::{
    Algorithm, Field, Plaintext,
    keys::{KeyState, Purpose},
};

use super::{Findings, Level};
use crate::{exit::Result, job::column_name, output::count, session::Session};

/// Looks at columns, and gives those that are there.
pub(super) fn look(
    session: &mut dyn Session,
    fields: &[&'static Field],
    findings: &mut Findings,
) -> Result<Vec<&'static Field>> {
    let status = match session.status() {
        Ok(status) => status,
        Err(error) => {
            findings.add(Level::Fail, "columns", error.to_string());
            return Ok(Vec::new());
        }
    };
    let is_missing = |field: &Field| status.iter().any(|column| column.missing && column.field == field.id());
    for field in fields {
        if is_missing(field) {
            let says = "the database has no such column: if it was renamed, start the application with its new name and its \
                        old identity; if it was dropped, `forget` it";
            findings.add(Level::Fail, column_name(field), says);
            continue;
        }
        match session.store().check_columns(&[field]) {
            Ok(()) => findings.add(Level::Ok, column_name(field), "type, width and collation do"),
            Err(error) => findings.add(Level::Fail, column_name(field), error.to_string()),
        }
    }
    used(session, fields, findings)?;
    for column in &status {
        let Some(field) = fields.iter().find(|field| field.id() == column.field) else { continue };
        let rows = |rows: u64| count(usize::try_from(rows).unwrap_or(usize::MAX), "value");
        match (column.plaintext, field.declared_plaintext()) {
            (0, Plaintext::Accept) => findings.add(
                Level::Note,
                column_name(field),
                "accepts plaintext, and has none: its model can refuse it, and a guard keep it out",
            ),
            (0, _) => {}
            (plaintext, Plaintext::Accept) => {
                findings.add(
                    Level::Warn,
                    column_name(field),
                    format!("{} in the clear: run `encrypt`", rows(plaintext)),
                );
            }
            (plaintext, _) => findings.add(
                Level::Fail,
                column_name(field),
                format!("{} in the clear, which the model refuses: planted, or written without it", rows(plaintext)),
            ),
        }
        for key in column.keys.iter().filter(|key| !key.user_key) {
            let about = format!("{}, key {:08x}", column_name(field), key.key_id);
            match key.state {
                Some(KeyState::Active | KeyState::Pending) => {}
                Some(KeyState::Retired) => {
                    findings.add(Level::Note, about, format!("{} under a retired key: run `rotate`", rows(key.rows)));
                }
                Some(_) => findings.add(Level::Fail, about, format!("{} of a destroyed key: `purge` removes them", rows(key.rows))),
                None => findings.add(
                    Level::Fail,
                    about,
                    format!(
                        "{} of a key that encryption_keys does not have: restore the key tables, or `purge --key {:08x}`",
                        rows(key.rows),
                        key.key_id
                    ),
                ),
            }
        }
    }
    Ok(fields.iter().copied().filter(|field| !is_missing(field)).collect())
}

/// Keys of fields by AES-256-GCM that have sealed half of the values they may, or all (docs/keys.md).
fn used(session: &mut dyn Session, fields: &[&'static Field], findings: &mut Findings) -> Result<()> {
    const LIMIT: u64 = 1 << 32;
    let Some(rows) = session.inventory()? else { return Ok(()) };
    for key in rows.keys.iter().filter(|key| key.state == KeyState::Active) {
        let sealed = rows.sealed(key.context.key_id);
        let of_key = |field: &&&Field| {
            key.context.purpose == Purpose::Encrypt
                && field.id() == key.context.name
                && field.declared_algorithm() == Algorithm::Aes256Gcm
        };
        if let Some(field) = fields.iter().find(of_key).filter(|_| sealed >= LIMIT / 2) {
            let about = format!("{}, key {:08x}", column_name(field), key.context.key_id);
            let level = if sealed < LIMIT { Level::Warn } else { Level::Fail };
            let says =
                format!("has sealed {sealed} of the {LIMIT} values it may: create and activate another, and `rotate`");
            findings.add(level, about, says);
        }
    }
    Ok(())
}
