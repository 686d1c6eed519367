//! Reads Chinook's script and builds the database from it.

use std::fs;
use std::io;
use std::path::Path;

use crate::Result;
use crate::database::Database;
use crate::statements;

const SOURCE: &str = "https://github.com/lerocha/chinook-database/releases";

/// Runs the script, makes the tables of this program, and returns what the script says of whole databases, which is left
/// out.
pub(crate) fn build<D: Database>(database: &mut D, path: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    let script = text(&bytes).ok_or_else(|| {
        format!("{} is not Unicode text: is it {} from {SOURCE}?", path.display(), script_name::<D>())
    })?;
    let built = run(database, &script).and_then(|left_out| {
        database.batch_execute(D::words(
            include_str!("tables/sqlite.sql"),
            include_str!("tables/postgres.sql"),
            include_str!("tables/mysql.sql"),
        ))?;
        Ok(left_out)
    });
    built.map_err(|error| unexpected::<D>(path, &error.to_string()).into())
}

fn run<D: Database>(database: &mut D, script: &str) -> Result<Vec<String>> {
    let Some(server) = D::SERVER else {
        database.batch_execute(script)?;
        return Ok(Vec::new());
    };
    let mut left_out = Vec::new();
    for statement in statements::split(script, server)? {
        match statement.about_databases(server) {
            Some(words) => left_out.push(words),
            None => {
                database.batch_execute(statement.sql).map_err(|error| format!("line {}: {error}", statement.line))?
            }
        }
    }
    Ok(left_out)
}

/// UTF-8 with or without a byte order mark, or UTF-16 with one: Chinook's releases have had all three.
fn text(bytes: &[u8]) -> Option<String> {
    let wide = |unit: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let (pairs, odd) = bytes.as_chunks();
        let units: Vec<u16> = pairs.iter().copied().map(unit).collect();
        odd.is_empty().then(|| String::from_utf16(&units).ok()).flatten()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => String::from_utf8(rest.to_vec()).ok(),
    }
}

fn script_name<D: Database>() -> &'static str {
    D::words("Chinook_Sqlite.sql", "Chinook_PostgreSql.sql", "Chinook_MySql.sql")
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("there is no file {path}: download Chinook's scripts from {SOURCE}"),
        _ => format!("cannot read {path}: {error}"),
    }
}

/// What to say of a script that the database does not run, or that makes other tables.
pub(crate) fn unexpected<D: Database>(path: &Path, error: &str) -> String {
    format!(
        "{} does not build the Chinook database ({error}): the script for {} is {}, from {SOURCE}",
        path.display(),
        D::words("SQLite", "PostgreSQL", "MySQL"),
        script_name::<D>()
    )
}
