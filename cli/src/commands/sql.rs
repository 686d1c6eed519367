//! `sql`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use diesel_encrypted::{
    Field,
    sql::{self, Piece, PieceKind},
};
use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    catalogue::Names,
    context::Context,
    exit::{Exit, Failure, Result},
    job::column_name,
};

/// Print the SQL of the encrypted columns: indexes for searches, and guards that refuse what is not sealed.
///
/// For the columns that the application has registered, found authentic by the root keys; without one they are taken as they
/// stand. With --migration it is written
/// as a Diesel migration. Guards stand on columns whose rows are sealed already.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted sql
  diesel-encrypted sql --missing --migration migrations
  diesel-encrypted sql patients --no-guards --unique patients.email
  diesel-encrypted sql --concurrently --no-guards
  diesel-encrypted sql patients.sealed_email --no-guards --follow email")]
pub(crate) struct Sql {
    /// Tables, or columns as TABLE.COLUMN. Unless given, every encrypted column
    columns: Vec<String>,

    /// Leave out what the database has already, by its name
    #[arg(long)]
    missing: bool,

    /// Leave out the guards
    #[arg(long)]
    no_guards: bool,

    /// Make the index unique: TABLE.COLUMN, or TABLE.COLUMN:INDEX for another than `default`
    #[arg(long, value_name = "TABLE.COLUMN")]
    unique: Vec<String>,

    /// On PostgreSQL, build indexes while others go on writing. Each statement is to be run by itself
    #[arg(long, conflicts_with = "migration")]
    concurrently: bool,

    /// The trigger, too, that sets the column, which is to be named, to NULL where a statement changes this other column of
    /// its table alone: while releases that do not know of it write the other one
    #[arg(long, value_name = "COLUMN")]
    follow: Option<String>,

    /// Write up.sql and down.sql to a new folder below this one
    #[arg(long, value_name = "FOLDER")]
    migration: Option<PathBuf>,
}

#[derive(Serialize)]
struct Made {
    up: Vec<String>,
    down: Vec<String>,
    migration: Option<PathBuf>,
}

impl Sql {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let mut session = context.connect()?;
        let fields = context.fields(&mut *session)?;
        let mut pieces = Vec::new();
        for field in self.selected(&fields)? {
            let mut of_field = sql::of_fields([field], session.dialect());
            for unique in &self.unique {
                let (name, index) = unique.split_once(':').unwrap_or((unique, "default"));
                if name == column_name(field) {
                    of_field = of_field.unique(field.column(), index);
                }
            }
            if self.concurrently {
                of_field = of_field.concurrently();
            }
            pieces.extend(of_field.pieces().map_err(|error| Failure::usage(error.to_string()))?);
        }
        pieces.retain(|piece| !self.no_guards || piece.kind != PieceKind::Guard);
        // Indexes before guards, over all columns.
        pieces.sort_by_key(|piece| piece.kind == PieceKind::Guard);
        if self.missing {
            let names = Names::of(&mut *session)?;
            pieces.retain(|piece| !names.has(piece));
        }
        let mut made = Made::of(&pieces);
        if let Some(plain) = &self.follow {
            let [field] = *self.selected(&fields)? else {
                return Err(Failure::usage("--follow is for one column: name it, TABLE.COLUMN"));
            };
            let of_field = sql::of_fields([field], session.dialect());
            let refused = |error: sql::SqlError| Failure::usage(error.to_string());
            made.up.extend(of_field.follow(field.column(), plain).map_err(refused)?);
            made.down.splice(..0, of_field.unfollow(field.column()).map_err(refused)?);
        }
        if let Some(folder) = self.migration.as_deref().filter(|_| !made.up.is_empty()) {
            made.migration = Some(made.write(folder)?);
        }
        context.output.result(&made, || made.text())?;
        Ok(Exit::Done)
    }

    fn selected(&self, fields: &[&'static Field]) -> Result<Vec<&'static Field>> {
        let unique = self.unique.iter().map(|unique| unique.split_once(':').map_or(unique.as_str(), |(name, _)| name));
        for name in self.columns.iter().map(String::as_str).chain(unique) {
            if !fields.iter().any(|field| name == field.table() || name == column_name(field)) {
                return Err(Failure::usage(format!("{name} is no encrypted column, and no table with one")));
            }
        }
        let named =
            |field: &Field| self.columns.iter().any(|name| name == field.table() || *name == column_name(field));
        Ok(fields.iter().copied().filter(|field| self.columns.is_empty() || named(field)).collect())
    }
}

impl Made {
    fn of(pieces: &[Piece]) -> Self {
        Self {
            up: pieces.iter().map(|piece| piece.create.clone()).collect(),
            down: pieces.iter().rev().map(|piece| piece.drop.clone()).collect(),
            migration: None,
        }
    }

    /// Writes the migration, under the name that the present moment gives it.
    fn write(&self, migrations: &Path) -> Result<PathBuf> {
        let now = OffsetDateTime::now_utc();
        let folder = migrations.join(format!(
            "{}-{:02}-{:02}-{:02}{:02}{:02}_encrypted_columns",
            now.year(),
            u8::from(now.month()),
            now.day(),
            now.hour(),
            now.minute(),
            now.second()
        ));
        fs::create_dir(&folder).map_err(Failure::io("make the folder", &folder))?;
        for (name, statements) in [("up.sql", &self.up), ("down.sql", &self.down)] {
            let path = folder.join(name);
            fs::write(&path, script(statements)).map_err(Failure::io("write", &path))?;
        }
        Ok(folder)
    }

    fn text(&self) -> String {
        match &self.migration {
            Some(folder) => folder.display().to_string(),
            None if self.up.is_empty() => "-- nothing is missing".to_owned(),
            None => script(&self.up),
        }
    }
}

fn script(statements: &[String]) -> String {
    statements.iter().map(|statement| format!("{statement};\n")).collect()
}
