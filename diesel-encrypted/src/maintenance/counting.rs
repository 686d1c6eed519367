//! Counting rows by a query that can be shown to whoever wants to look.

use super::{MaintenanceConnection, MaintenanceError, patience::patiently};
use crate::{backend::Dialect, store::statement::Statement};

/// The query that counts the rows of a table, which is quoted, that are `which`.
pub(super) fn count(table: &str, which: &str) -> String {
    format!("SELECT count(*) FROM {table} WHERE {which}")
}

/// The query that adds such counts up.
pub(super) fn sum(counts: &[String]) -> String {
    let counts: Vec<String> = counts.iter().map(|count| format!("({count})")).collect();
    format!("SELECT {}", counts.join(" + "))
}

/// What such a query counts.
pub(super) fn counted<C: MaintenanceConnection>(
    connection: &mut C,
    dialect: Dialect,
    count: &str,
) -> Result<u64, MaintenanceError> {
    let (nothing, zero) = match dialect {
        Dialect::Postgres => ("''::bytea", "0::bigint"),
        Dialect::Sqlite | Dialect::Mysql => ("x''", "0"),
    };
    let statement = Statement::new().made(format!("SELECT {nothing}, ({count}), {zero}"));
    let rows = patiently(connection, |connection| connection.groups(statement.clone()))?;
    Ok(rows.first().map_or(0, |(_, rows, _)| u64::try_from(*rows).unwrap_or(0)))
}
