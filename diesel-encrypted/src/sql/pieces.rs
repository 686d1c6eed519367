//! What a model's SQL makes, one object at a time, for tools that look which of them a database lacks; and what blind
//! indexes show to whoever reads the table.

use diesel_encrypted_core::{Field, Storage};

use super::{Dialect, ModelSql, SqlError, check, expression, mysql, names, postgres, searched_slots, sqlite, words};

/// What kind of object it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PieceKind {
    /// The generated column of a blind index, on MySQL and MariaDB alone.
    TagColumn,
    /// The index that searches use.
    Index,
    /// The index that finds rows in the clear, of a column that accepts plaintext.
    ClearIndex,
    /// What refuses anything but sealed values.
    Guard,
}

/// One object, with the statements that make and remove it, without a final semicolon.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Piece {
    /// What kind of object it is.
    pub kind: PieceKind,
    /// The table, with its schema if it has one.
    pub table: &'static str,
    /// The encrypted column.
    pub column: &'static str,
    /// The object's name, without a schema.
    pub name: String,
    /// Makes it.
    pub create: String,
    /// Removes it.
    pub drop: String,
}

impl ModelSql {
    /// Every object of [`indexes`](Self::indexes), [`clear_indexes`](Self::clear_indexes) and [`guards`](Self::guards), in an
    /// order in which they can be made.
    ///
    /// # Errors
    /// As [`indexes`](Self::indexes).
    pub fn pieces(&self) -> Result<Vec<Piece>, SqlError> {
        self.check()?;
        let indexes = self.fields.iter().flat_map(|field| self.index_pieces(field));
        let guards = self.fields.iter().flat_map(|field| self.guard_pieces(field));
        Ok(indexes.chain(self.clear_pieces()).chain(guards).collect())
    }

    fn clear_pieces(&self) -> impl Iterator<Item = Piece> {
        let statements = self.clear_indexes().into_iter().zip(self.drop_clear_indexes());
        self.accepting().zip(statements).map(|(field, (create, drop))| Piece {
            kind: PieceKind::ClearIndex,
            table: field.table(),
            column: field.column(),
            name: names::named(field, "clear"),
            create,
            drop,
        })
    }

    fn index_pieces(&self, field: &'static Field) -> Vec<Piece> {
        let piece =
            |kind, name, create, drop| Piece { kind, table: field.table(), column: field.column(), name, create, drop };
        let mut pieces = Vec::new();
        for (slot, index) in searched_slots(field) {
            let (name, unique) = (names::index(field, index), self.is_unique(field, index));
            match self.dialect {
                Dialect::Sqlite => pieces.push(piece(
                    PieceKind::Index,
                    name,
                    sqlite::create_index(field, slot, index, unique),
                    sqlite::drop_index(field, index),
                )),
                Dialect::Postgres => pieces.push(piece(
                    PieceKind::Index,
                    name,
                    postgres::create_index(field, slot, index, unique, self.concurrently),
                    postgres::drop_index(field, index, self.concurrently),
                )),
                Dialect::Mysql => {
                    let [column, create] = mysql::create_index(field, slot, index, unique);
                    let drop = format!(
                        "DROP INDEX {} ON {}",
                        names::quoted(self.dialect, &name),
                        names::table(self.dialect, field)
                    );
                    let generated = mysql::generated_column(field, slot);
                    pieces.push(piece(PieceKind::TagColumn, generated, column, mysql::drop_index(field, slot)));
                    pieces.push(piece(PieceKind::Index, name, create, drop));
                }
            }
        }
        pieces
    }

    fn guard_pieces(&self, field: &'static Field) -> Vec<Piece> {
        let alone = Self { fields: vec![field], ..self.clone() };
        let suffixes: &[&str] = match self.dialect {
            Dialect::Sqlite => &["sealed_insert", "sealed_update"],
            Dialect::Postgres | Dialect::Mysql => &["sealed"],
        };
        let statements = alone.guards().into_iter().zip(alone.drop_guards());
        suffixes
            .iter()
            .zip(statements)
            .map(|(suffix, (create, drop))| Piece {
                kind: PieceKind::Guard,
                table: field.table(),
                column: field.column(),
                name: names::named(field, suffix),
                create,
                drop,
            })
            .collect()
    }
}

/// A query of three numbers: the rows that have a tag in this slot, how many different tags they have, and how many rows the
/// most frequent one stands in. That much, whoever reads the table learns too.
#[must_use]
pub fn tag_counts(dialect: Dialect, field: &Field, slot: usize) -> String {
    let column = names::quoted(dialect, field.column());
    let words = words(dialect, &column, field.storage());
    let tag = expression(dialect, field, slot);
    let none = match (field.storage(), dialect) {
        (Storage::Text, _) => format!("'{}'", "A".repeat(check::slot_len(Storage::Text))),
        (Storage::Binary, Dialect::Postgres) => {
            format!("'\\x{}'::bytea", "00".repeat(check::slot_len(Storage::Binary)))
        }
        (Storage::Binary, Dialect::Sqlite | Dialect::Mysql) => {
            format!("x'{}'", "00".repeat(check::slot_len(Storage::Binary)))
        }
    };
    let number = |sql: &str| match dialect {
        Dialect::Postgres => format!("coalesce({sql}, 0)::bigint"),
        Dialect::Sqlite => format!("coalesce({sql}, 0)"),
        Dialect::Mysql => format!("CAST(coalesce({sql}, 0) AS SIGNED)"),
    };
    format!(
        "SELECT {}, count(*), {} FROM (SELECT count(*) AS n FROM {} WHERE CASE WHEN {column} IS NULL THEN false \
         WHEN {} THEN {} > {slot} AND {tag} <> {none} ELSE false END GROUP BY {tag}) AS tags",
        number("sum(n)"),
        number("max(n)"),
        names::table(dialect, field),
        check::is_sealed(&words, field.storage()),
        words.slots,
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

    use diesel_encrypted_core::{Class, Index, Plaintext};

    use super::*;

    static EMAIL: Field = Field::new("p.email", "app.patients", "email", Class::Text, Storage::Binary).indexes(&[
        Index::new("default"),
        Index::new("old").removed(),
        Index::new("domain"),
    ]);
    static NOTE: Field = Field::new("p.note", "app.patients", "note", Class::Text, Storage::Text)
        .indexes(&[Index::new("default")])
        .plaintext(Plaintext::Accept);

    #[test]
    fn the_pieces_are_what_the_model_s_sql_is() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
            let sql = super::super::of_fields([&EMAIL, &NOTE], dialect).unique("email", "domain");
            let made: Vec<String> = sql.pieces().unwrap().into_iter().map(|piece| piece.create).collect();
            assert_eq!(made, [sql.indexes().unwrap(), sql.clear_indexes(), sql.guards()].concat(), "{dialect:?}");
            assert_eq!(sql.clear_indexes().len(), 1);
            let names: Vec<String> = sql.pieces().unwrap().into_iter().map(|piece| piece.name).collect();
            assert!(names.contains(&"app_patients_email_domain".to_owned()), "{names:?}");
            for piece in sql.pieces().unwrap() {
                assert!(piece.create.contains(&piece.name) && !piece.drop.is_empty(), "{piece:?}");
            }
        }
    }
}
