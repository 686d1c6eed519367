//! Sealing rows anew that are named by their keys, one by one: for applications that do so as they read.

use diesel_encrypted_core::{Binding, Class, Field, Owner, Storage, ValueError, Vault, value::plain};

use super::{
    ColumnReport, Counts, Failure, MaintenanceConnection, MaintenanceError, Reason, Report,
    header::Header,
    key::Key,
    patience::patiently,
    rows::{Row, Value},
    run,
    table::{self, Table},
    transform::{Outcome, Subject, Transform},
    write::{Action, Write, Written},
};

/// What a primary key's columns hold: class and encoding of each.
type Encoded = Vec<(Class, Vec<u8>)>;

/// Seals what is stale of `fields` in the rows of these keys.
pub(crate) fn reseal<C: MaintenanceConnection>(
    fields: &'static [&'static Field],
    keys: &[Encoded],
    connection: &mut C,
) -> Result<Report, MaintenanceError> {
    let dialect = table::dialect(connection)?;
    let mut report = Report::default();
    for &field in fields {
        let vault = Vault::with_layer_of(field, |vault| Ok(vault.clone())).map_err(|_| MaintenanceError::NoVault)?;
        let table = Table::of(connection, dialect, field.table())?;
        let mut column = ColumnReport {
            table: field.table().to_owned(),
            column: field.column().to_owned(),
            counts: Counts::default(),
            left: 0,
            external: field.stored_binding() == Binding::External,
            opened_only: false,
        };
        match column.external {
            true => column.counts.skipped = u64::try_from(keys.len()).unwrap_or(u64::MAX),
            false => {
                let state = vault.field_state(field)?;
                let stale = Stale(Subject { vault: vault.clone(), field, state, known: Vec::new(), filtered: false });
                let write = run::plan(field, &stale, &table)?;
                for key in keys {
                    let key = Key::of(key, &write.walk.key)?;
                    column.counts += row(connection, (&stale, &write), key, &mut report)?;
                }
            }
        }
        report.columns.push(column);
    }
    Ok(report)
}

/// One value.
fn row<C: MaintenanceConnection>(
    connection: &mut C,
    (stale, write): (&Stale, &Write<'_>),
    key: Key,
    report: &mut Report,
) -> Result<Counts, MaintenanceError> {
    let mut counts = Counts::default();
    let statement = write.walk.row(&key);
    let found = patiently(connection, |connection| connection.walked(statement.clone()))?.into_iter().next();
    // The row is gone, or the value is NULL.
    let Some(Row { value: Value::Whole(old), owner, .. }) = found.map(Row::whole) else {
        return Ok(counts);
    };
    let owner = write.walk.owner(&owner);
    match owner.and_then(|owner| stale.change(&old, owner.as_ref())) {
        Ok(Outcome::Write(new)) => {
            let written = [Written { key, old, new }];
            match patiently(connection, |connection| connection.run(&write.statement(&written)))? {
                0 => counts.changed = 1,
                _ => counts.done = 1,
            }
        }
        Ok(Outcome::Done | Outcome::Skip) => counts.skipped = 1,
        Err(reason) => {
            counts.failed = 1;
            let Stale(Subject { field, .. }) = stale;
            let (table, column) = (field.table().to_owned(), field.column().to_owned());
            report.fail(Failure { table, column, key: key.to_string(), reason });
        }
    }
    Ok(counts)
}

/// Values that would be sealed otherwise now become what they would be.
struct Stale(Subject);

impl Transform for Stale {
    fn action(&self) -> Option<Action> {
        Some(Action::Set)
    }

    fn wants(&self, header: &Header<'_>, _: &Table) -> Result<String, MaintenanceError> {
        Ok(format!("{} IS NOT NULL", header.column()))
    }

    fn change(&self, stored: &[u8], owner: Option<&Owner>) -> Result<Outcome, Reason> {
        let Self(subject) = self;
        let Subject { vault, field, .. } = subject;
        let is_stale = match (field.storage(), str::from_utf8(stored)) {
            (Storage::Text, Ok(text)) => vault.is_stale_text(field, text)?,
            _ => vault.is_stale(field, stored)?,
        };
        if !is_stale {
            return Ok(Outcome::Done);
        }
        let sealed = match subject.looks_sealed(stored) {
            true => vault.reindex(field, &subject.sealed(stored)?, owner)?,
            // Plaintext that the field accepts.
            false => {
                let decode_error = |source| ValueError::Decode { field: (*field).into(), source };
                let encoded = plain::from_plain(field.class(), stored).map_err(decode_error)?;
                vault.seal_encoded(field, &encoded, owner)?
            }
        };
        Ok(Outcome::Write(subject.stored(sealed)))
    }
}
