//! Indexes for the time in which a column has rows in the clear beside sealed ones: by them a search finds the former
//! without reading the latter.

use diesel_encrypted_core::{Field, Plaintext, Storage};

use super::{ModelSql, check, names, searched_slots};
use crate::backend::Dialect;

/// The SQL around a column that is 1 for what does not begin as sealed values do, and 0 for what does.
pub(crate) fn is_clear(dialect: Dialect, storage: Storage) -> (&'static str, String) {
    let sealed = match (storage, dialect) {
        (Storage::Text, _) => format!(", 1, 4) IN ({})", check::text_beginnings()),
        (Storage::Binary, Dialect::Postgres) => ", 1, 2) BETWEEN '\\xe1'::bytea AND '\\xe10f'::bytea".to_owned(),
        (Storage::Binary, Dialect::Sqlite | Dialect::Mysql) => ", 1, 2) BETWEEN x'e1' AND x'e10f'".to_owned(),
    };
    ("CASE WHEN substr(", format!("{sealed} THEN 0 ELSE 1 END"))
}

impl ModelSql {
    /// `CREATE INDEX` for each searched column that accepts plaintext, to be dropped when its backfill has ended.
    ///
    /// PostgreSQL and SQLite then read the rows in the clear and no others, fewer and fewer of them. MySQL and MariaDB have
    /// no index on such an expression: there it is one on the column itself, which finds equal rows where a blind index
    /// normalises nothing. By a normaliser, they read the whole table for each search while plaintext is accepted.
    #[must_use]
    pub fn clear_indexes(&self) -> Vec<String> {
        self.accepting().map(|field| self.create_clear_index(field)).collect()
    }

    /// What removes the [`clear_indexes`](Self::clear_indexes) again.
    #[must_use]
    pub fn drop_clear_indexes(&self) -> Vec<String> {
        let drop = |field: &Field| {
            let name = names::named(field, "clear");
            match self.dialect {
                Dialect::Postgres => {
                    let concurrently = if self.concurrently { "CONCURRENTLY " } else { "" };
                    format!("DROP INDEX {concurrently}{}", names::in_schema(self.dialect, field, &name))
                }
                Dialect::Sqlite => format!("DROP INDEX {}", names::in_schema(self.dialect, field, &name)),
                Dialect::Mysql => {
                    let table = names::table(self.dialect, field);
                    format!("DROP INDEX {} ON {table}", names::quoted(self.dialect, &name))
                }
            }
        };
        self.accepting().map(drop).collect()
    }

    /// The searched fields that accept plaintext.
    pub(super) fn accepting(&self) -> impl Iterator<Item = &'static Field> {
        let accepts = |field: &&'static Field| {
            field.declared_plaintext() == Plaintext::Accept && searched_slots(field).next().is_some()
        };
        self.fields.iter().copied().filter(accepts)
    }

    fn create_clear_index(&self, field: &'static Field) -> String {
        let (dialect, name) = (self.dialect, names::named(field, "clear"));
        let column = names::quoted(dialect, field.column());
        let (before, behind) = is_clear(dialect, field.storage());
        let expression = format!("({before}{column}{behind})");
        match dialect {
            Dialect::Postgres => format!(
                "CREATE INDEX {}{} ON {} ({expression})",
                if self.concurrently { "CONCURRENTLY " } else { "" },
                names::quoted(dialect, &name),
                names::table(dialect, field),
            ),
            Dialect::Sqlite => format!(
                "CREATE INDEX {} ON {} {expression}",
                names::in_schema(dialect, field, &name),
                names::quoted(dialect, names::schema_and_table(field).1),
            ),
            // The beginning, which a column of any length has.
            Dialect::Mysql => format!(
                "CREATE INDEX {} ON {} ({column}(64))",
                names::quoted(dialect, &name),
                names::table(dialect, field),
            ),
        }
    }
}
