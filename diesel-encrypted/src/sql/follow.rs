//! For the time in which values stand in two columns: a trigger that forgets the sealed one where a release that does not
//! know of it changes the other, so that a backfill makes it anew.

use diesel_encrypted_core::Field;

use super::{ModelSql, SqlError, names};
use crate::backend::Dialect;

impl ModelSql {
    /// A trigger that sets `column` to NULL in each row whose `plain` column is changed by a statement which leaves `column`
    /// as it is, and what it needs. A release that writes both is not touched by it: it seals anew each time.
    ///
    /// # Errors
    /// [`SqlError::NoColumn`] if the model has no such encrypted column.
    pub fn follow(&self, column: &str, plain: &str) -> Result<Vec<String>, SqlError> {
        let field = self.field(column)?;
        let quoted = |name: &str| names::quoted(self.dialect, name);
        let (table, sealed, plain) = (names::table(self.dialect, field), quoted(column), quoted(plain));
        let name = names::named(field, "follows");
        Ok(match self.dialect {
            Dialect::Postgres => {
                let function = names::in_schema(self.dialect, field, &name);
                vec![
                    format!(
                        "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.{sealed} := NULL; \
                         RETURN NEW; END'"
                    ),
                    format!(
                        "CREATE TRIGGER {} BEFORE UPDATE ON {table} FOR EACH ROW\n\
                         WHEN (NEW.{plain} IS DISTINCT FROM OLD.{plain} AND NEW.{sealed} IS NOT DISTINCT FROM OLD.{sealed})\n\
                         EXECUTE FUNCTION {function}()",
                        quoted(&name)
                    ),
                ]
            }
            // A trigger cannot change the new row there.
            Dialect::Sqlite => vec![format!(
                "CREATE TRIGGER {} AFTER UPDATE OF {plain} ON {}\n\
                 WHEN NEW.{plain} IS NOT OLD.{plain} AND NEW.{sealed} IS OLD.{sealed} AND NEW.{sealed} IS NOT NULL\n\
                 BEGIN UPDATE {} SET {sealed} = NULL WHERE {}; END",
                names::in_schema(self.dialect, field, &name),
                quoted(names::schema_and_table(field).1),
                quoted(names::schema_and_table(field).1),
                same_row(field)
            )],
            Dialect::Mysql => vec![format!(
                "CREATE TRIGGER {} BEFORE UPDATE ON {table} FOR EACH ROW\n\
                 SET NEW.{sealed} = IF(NEW.{plain} <=> OLD.{plain} OR NOT (NEW.{sealed} <=> OLD.{sealed}), NEW.{sealed}, NULL)",
                names::in_schema(self.dialect, field, &name)
            )],
        })
    }

    /// What removes it again.
    ///
    /// # Errors
    /// As [`follow`](Self::follow).
    pub fn unfollow(&self, column: &str) -> Result<Vec<String>, SqlError> {
        let field = self.field(column)?;
        let name = names::named(field, "follows");
        let whole = names::in_schema(self.dialect, field, &name);
        Ok(match self.dialect {
            Dialect::Postgres => vec![
                format!("DROP TRIGGER {} ON {}", names::quoted(self.dialect, &name), names::table(self.dialect, field)),
                format!("DROP FUNCTION {whole}()"),
            ],
            Dialect::Sqlite | Dialect::Mysql => vec![format!("DROP TRIGGER {whole}")],
        })
    }

    fn field(&self, column: &str) -> Result<&'static Field, SqlError> {
        let found = self.fields.iter().find(|field| field.column() == column);
        found.copied().ok_or_else(|| SqlError::NoColumn { column: column.to_owned() })
    }
}

/// The row of a trigger, by its primary key.
fn same_row(field: &Field) -> String {
    let same = |column: &&str| {
        let column = names::quoted(Dialect::Sqlite, column);
        format!("{column} = NEW.{column}")
    };
    field.declared_primary_key().iter().map(same).collect::<Vec<_>>().join(" AND ")
}
