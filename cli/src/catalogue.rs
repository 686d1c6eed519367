//! Which of the objects that a model's SQL makes a database has, by their names.

use std::collections::HashSet;

use diesel_encrypted::sql::{Dialect, Piece};

use crate::{exit::Result, session::Session};

/// The names of indexes, triggers, constraints and generated columns.
pub(crate) struct Names(HashSet<String>);

impl Names {
    pub(crate) fn of(session: &mut dyn Session) -> Result<Self> {
        let names = match session.dialect() {
            Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger')",
            // An index that CREATE INDEX CONCURRENTLY could not finish is not used.
            Dialect::Postgres => {
                "SELECT c.relname::text FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE i.indisvalid \
                 UNION ALL SELECT conname::text FROM pg_constraint"
            }
            _ => {
                "SELECT CAST(index_name AS CHAR) FROM information_schema.statistics WHERE table_schema = DATABASE() \
                 UNION ALL SELECT CAST(constraint_name AS CHAR) FROM information_schema.table_constraints \
                 WHERE constraint_schema = DATABASE() \
                 UNION ALL SELECT CAST(column_name AS CHAR) FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND generation_expression IS NOT NULL AND generation_expression <> ''"
            }
        };
        Ok(Self(session.texts(names)?.into_iter().map(|name| name.to_lowercase()).collect()))
    }

    pub(crate) fn has(&self, piece: &Piece) -> bool {
        self.0.contains(&piece.name.to_lowercase())
    }
}
