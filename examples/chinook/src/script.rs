//! Reads Chinook's script and builds the database from it.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::Result;

const SOURCE: &str = "https://github.com/lerocha/chinook-database/releases";

/// Runs the script. Chinook's releases have it with and without a byte order mark.
pub(crate) fn build(connection: &mut SqliteConnection, path: &Path) -> Result<()> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("{} is not UTF-8 text: is it Chinook_Sqlite.sql from {SOURCE}?", path.display()))?;
    let script = text.strip_prefix('\u{feff}').unwrap_or(&text);
    connection.batch_execute(script).map_err(|error| unexpected(path, &error).into())
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("there is no file {path}: download Chinook_Sqlite.sql from {SOURCE}"),
        _ => format!("cannot read {path}: {error}"),
    }
}

/// What to say of a script that SQLite does not run, or that makes other tables.
pub(crate) fn unexpected(path: &Path, error: &dyn Error) -> String {
    format!(
        "{} does not build the Chinook database ({error}): the script for SQLite is Chinook_Sqlite.sql, from {SOURCE}",
        path.display()
    )
}
