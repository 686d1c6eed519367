//! An empty database on a server.

use crate::Result;
use crate::address::{Address, Server};
use crate::database::Database;

/// The tables and views that a script of Chinook's and this program make, in small letters and without underscores. Only
/// what is listed here is ever dropped. A view stands before what it shows.
const KNOWN: [&str; 20] = [
    "plaincustomers",
    "plainemployees",
    "invoices",
    "customers",
    "employees",
    "encryptionkeys",
    "encryptedcolumns",
    "encryptionaudit",
    "encryptionjobs",
    "playlisttrack",
    "playlist",
    "invoiceline",
    "invoice",
    "customer",
    "employee",
    "track",
    "album",
    "artist",
    "genre",
    "mediatype",
];

/// The place of a table among those that may be dropped.
fn known(table: &str) -> Option<usize> {
    let table = table.replace('_', "").to_lowercase();
    KNOWN.iter().position(|known| *known == table)
}

/// The database that the address names, without tables. It is made if there is none.
///
/// What an earlier run left is dropped if `replace` says so. Nothing else is: a database with other tables is refused.
pub(crate) fn open<D: Database>(address: &Address<'_>, replace: bool) -> Result<D> {
    let mut database = match D::establish(address.url) {
        Ok(database) => database,
        Err(error) => {
            make_if_missing::<D>(address).map_err(|_| error)?;
            D::establish(address.url)?
        }
    };
    let mut tables = database.texts(D::words(
        "",
        "SELECT table_name::text, table_type::text, '' FROM information_schema.tables \
         WHERE table_schema = current_schema()",
        "SELECT table_name, table_type, '' FROM information_schema.tables WHERE table_schema = database()",
    ))?;
    tables.sort_by_key(|(table, _, _)| known(table));

    let (name, listed) =
        (address.name, tables.iter().map(|(table, _, _)| table.as_str()).collect::<Vec<_>>().join(", "));
    if tables.iter().any(|(table, _, _)| known(table).is_none()) {
        return Err(format!(
            "the database {name} has tables that are not Chinook's ({listed}): name another one in the URL, which is made \
             if there is none"
        )
        .into());
    }
    if !tables.is_empty() && !replace {
        return Err(format!(
            "the database {name} has Chinook's tables already ({listed}): name another one in the URL, or add --replace \
             to drop these"
        )
        .into());
    }
    for (table, kind, _) in &tables {
        let kind = if kind == "VIEW" { "VIEW" } else { "TABLE" };
        database.batch_execute(&match address.server {
            Server::Postgres => format!("DROP {kind} \"{table}\" CASCADE"),
            Server::Mysql => format!("SET foreign_key_checks = 0; DROP {kind} `{table}`; SET foreign_key_checks = 1"),
        })?;
    }
    Ok(database)
}

/// Makes the database, unless it exists.
fn make_if_missing<D: Database>(address: &Address<'_>) -> Result<()> {
    let name = address.name;
    let mut server = D::establish(&address.with_name(D::words("", "postgres", "")))?;
    Ok(server.batch_execute(&match address.server {
        Server::Postgres => format!("CREATE DATABASE \"{name}\""),
        Server::Mysql => format!("CREATE DATABASE `{name}` CHARACTER SET utf8mb4"),
    })?)
}
