//! A batch as one statement of MySQL and MariaDB.

use super::{Action, Write, Written};
use crate::{maintenance::table::Kind, store::statement::Statement};

impl Write<'_> {
    /// `UPDATE t JOIN (SELECT .. UNION ALL ..) v ON t.id = v.k0 SET t.c = v.n WHERE t.c = v.o`
    pub(super) fn mysql(&self, rows: &[Written]) -> Statement {
        let Self { walk, .. } = self;
        let (table, column) = (walk.table, self.column());
        let mut statement = Statement::new().made(match self.action {
            Action::Delete => format!("DELETE t FROM {} AS t JOIN (", table.sql()),
            Action::Clear | Action::Set => format!("UPDATE {} AS t JOIN (", table.sql()),
        });
        for (at, row) in rows.iter().enumerate() {
            statement = statement.sql(if at == 0 { "SELECT " } else { " UNION ALL SELECT " });
            for (place, column) in walk.key.iter().enumerate() {
                let kind = match column.kind {
                    Kind::Signed | Kind::Bool => "SIGNED",
                    Kind::Bytes => "BINARY",
                    _ => "CHAR",
                };
                let cast = !matches!(column.kind, Kind::Unsigned | Kind::Uuid);
                statement = row.key.bind(statement.sql(if cast { "CAST(" } else { "" }), table, place, column);
                statement = statement
                    .made(format!("{} AS k{place}, ", if cast { format!(" AS {kind})") } else { String::new() }));
            }
            statement = statement.sql("CAST(").bytes(&row.old).sql(" AS BINARY) AS o");
            if self.action == Action::Set {
                statement = statement.sql(", CAST(").bytes(&row.new).sql(" AS BINARY) AS n");
            }
        }
        statement = statement.sql(") AS v ON ");
        for (place, column) in walk.key.iter().enumerate() {
            let key = match column.kind {
                Kind::Text => column.collated(&format!("v.k{place}")),
                _ => format!("v.k{place}"),
            };
            let and = if place == 0 { "" } else { " AND " };
            statement = statement.made(format!("{and}t.{} = {key}", table.quoted(&column.name)));
        }
        let name = table.quoted(&column.name);
        statement = match (self.action, column.kind) {
            (Action::Delete, _) => statement,
            (Action::Clear, _) => statement.made(format!(" SET t.{name} = NULL")),
            (Action::Set, Kind::Bytes) => statement.made(format!(" SET t.{name} = v.n")),
            (Action::Set, _) => statement.made(format!(" SET t.{name} = CONVERT(v.n USING utf8mb4)")),
        };
        self.still(statement.sql(" WHERE "))
    }
}
