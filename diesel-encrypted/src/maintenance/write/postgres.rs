//! A batch as one statement of PostgreSQL, whose text is the same for every batch: each column of the batch is one array.

use super::{Action, Write, Written};
use crate::{
    maintenance::{
        key::Key,
        table::{Column, Kind},
    },
    store::{array::Array, statement::Statement},
};

impl Write<'_> {
    /// `UPDATE t SET c = v.n FROM (SELECT unnest($1) AS k0, unnest($2) AS o, unnest($3) AS n) v WHERE t.id = v.k0 AND t.c = v.o`
    pub(super) fn postgres(&self, rows: &[Written]) -> Statement {
        let Self { walk, .. } = self;
        let (table, column) = (walk.table, self.column());
        let name = table.quoted(&column.name);
        let mut statement = Statement::new().again().made(match self.action {
            Action::Delete => format!("DELETE FROM {} AS t USING (SELECT ", table.sql()),
            Action::Clear => format!("UPDATE {} AS t SET {name} = NULL FROM (SELECT ", table.sql()),
            Action::Set => format!("UPDATE {} AS t SET {name} = v.n FROM (SELECT ", table.sql()),
        });
        for (place, column) in walk.key.iter().enumerate() {
            let values = Key::array(rows.iter().map(|row| &row.key), place, column);
            let cast = !matches!(column.kind, Kind::Text | Kind::Bytes | Kind::Signed);
            statement = unnested(statement, values, cast.then_some(column)).made(format!(" AS k{place}, "));
        }
        statement = statement.sql("unnest(").array(Array::Bytes(rows.iter().map(|row| row.old.clone()).collect()));
        statement = statement.sql(") AS o");
        if self.action == Action::Set {
            let cast = !matches!(column.kind, Kind::Text | Kind::Bytes);
            statement = unnested(statement.sql(", "), Some(self.new_values(rows)), cast.then_some(column)).sql(" AS n");
        }
        statement = statement.sql(") AS v WHERE ");
        for (place, column) in walk.key.iter().enumerate() {
            statement = statement.made(format!("t.{} = v.k{place} AND ", table.quoted(&column.name)));
        }
        // The rows stand together in the order of the key. Without this, a hash join over a table of middling size reads all
        // of it for each page.
        if let [first, .., last] = rows {
            statement = walk.beyond(statement, "t.", &first.key, " >= ").sql(" AND ");
            statement = walk.beyond(statement, "t.", &last.key, " <= ").sql(" AND ");
        }
        self.still(statement)
    }

    /// As [`value`](Self::value) would have each.
    fn new_values(&self, rows: &[Written]) -> Array {
        let text = |row: &Written| str::from_utf8(&row.new).ok().map(str::to_owned);
        let texts = match self.column().kind {
            Kind::Bytes => None,
            _ => rows.iter().map(text).collect(),
        };
        texts.map_or_else(|| Array::Bytes(rows.iter().map(|row| row.new.clone()).collect()), Array::Texts)
    }
}

/// A row for each of these values, of the type of `cast` if it is given.
fn unnested(statement: Statement, values: Option<Array>, cast: Option<&Column>) -> Statement {
    let statement = statement.sql(if cast.is_some() { "CAST(unnest(" } else { "unnest(" });
    let statement = match values {
        Some(values) => statement.array(values),
        None => statement.sql("NULL"),
    };
    match cast {
        Some(column) => statement.made(format!(") AS {})", column.declared)),
        None => statement.sql(")"),
    }
}
