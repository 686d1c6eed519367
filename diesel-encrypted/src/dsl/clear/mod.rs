//! Rows in the clear, which a search finds beside the sealed ones while their column accepts plaintext.
//!
//! What is compared is bound, as the tags are: the SQL tells nothing of the value. What looks sealed is never plaintext,
//! here as where it is read.

mod part;

use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use diesel_encrypted_core::index::clear::{Comparison, Searched, WHITE_SPACE};
use diesel_encrypted_core::{Class, EncodeError, Field, Plaintext, Storage};

pub(super) use part::{Escaped, Part};

use super::dialect::{SlotBackend, push_bytes};
use crate::backend::Dialect;
use crate::sql;

/// What a search finds of the rows in the clear.
#[derive(Clone, Debug)]
pub(crate) enum Clear {
    /// Those that are equal.
    Equal(Box<Equal>),
    /// All of them: the application compares.
    Any,
}

/// The comparison, with its parts as each database binds them.
#[derive(Clone, Debug)]
pub(crate) struct Equal {
    trims: bool,
    replaced: Vec<[Part; 2]>,
    wanted: Vec<Part>,
    /// The wanted texts with all white space as spaces, where white space does not count at the ends.
    spaced: Vec<Part>,
}

impl Clear {
    /// What a search of this index finds beside sealed rows: nothing unless the column accepts plaintext, and can be read
    /// where it has some.
    ///
    /// # Errors
    /// [`EncodeError::NotComparable`] if SQL cannot tell which rows are equal, and `exact` are wanted.
    pub(crate) fn of(
        field: &Field,
        slot: usize,
        encoded: &[Searched],
        exact: bool,
    ) -> Result<Option<Self>, EncodeError> {
        let class = field.class();
        let accepts = field.declared_plaintext() == Plaintext::Accept && matches!(class, Class::Text | Class::Bytes);
        let Some(index) = field.declared_indexes().get(slot).filter(|_| accepts && !encoded.is_empty()) else {
            return Ok(None);
        };
        let comparisons = encoded.iter().map(|encoded| Comparison::new(index.steps(), class, encoded.bytes()));
        let Some(comparisons) = comparisons.collect::<Option<Vec<_>>>() else {
            return if exact { Err(EncodeError::NotComparable) } else { Ok(Some(Self::Any)) };
        };
        let all = comparisons.into_iter().reduce(|mut all, next| {
            all.join(next);
            all
        });
        Ok(all.map(|all| Self::Equal(Box::new(Equal::new(all)))))
    }

    /// `expr is in the clear AND expr is equal`: never NULL unless the column is. Of [`Clear::Any`], NULL is in the clear.
    pub(super) fn push<'b, DB, E>(
        &'b self,
        out: &mut AstPass<'_, 'b, DB>,
        expr: &'b E,
        storage: Storage,
    ) -> QueryResult<()>
    where
        DB: SlotBackend,
        E: QueryFragment<DB> + ?Sized,
    {
        is_clear(out, expr, storage)?;
        match self {
            Self::Any => Ok(()),
            Self::Equal(equal) => {
                out.push_sql(" AND (");
                equal.push(out, expr, storage)?;
                out.push_sql(")");
                Ok(())
            }
        }
    }
}

/// Whether a value does not begin as sealed ones do. True for NULL, too.
pub(super) fn is_clear<'b, DB, E>(out: &mut AstPass<'_, 'b, DB>, expr: &'b E, storage: Storage) -> QueryResult<()>
where
    DB: SlotBackend,
    E: QueryFragment<DB> + ?Sized,
{
    let (before, behind) = sql::clear::is_clear(DB::dialect(out.reborrow())?, storage);
    out.push_sql(before);
    expr.walk_ast(out.reborrow())?;
    out.push_sql(&behind);
    out.push_sql(" = 1");
    Ok(())
}

impl Equal {
    fn new(Comparison { trims, replaced, wanted }: Comparison) -> Self {
        let part = |text: String| Part::new(Searched::new(text.into_bytes()));
        let pair = |(from, to): (char, &str)| [part(from.to_string()), part(to.to_owned())];
        let spaced = wanted
            .iter()
            .filter(|_| trims)
            .map(|wanted| part(String::from_utf8_lossy(wanted.bytes()).replace(char::is_whitespace, " ")));
        Self {
            trims,
            replaced: replaced.into_iter().map(pair).collect(),
            spaced: spaced.collect(),
            wanted: wanted.into_iter().map(Part::new).collect(),
        }
    }

    fn push<'b, DB, E>(&'b self, out: &mut AstPass<'_, 'b, DB>, expr: &'b E, storage: Storage) -> QueryResult<()>
    where
        DB: SlotBackend,
        E: QueryFragment<DB> + ?Sized,
    {
        let form = Form::of(DB::dialect(out.reborrow())?, storage, self.replaced.is_empty() && !self.trims);
        if !self.trims {
            if form == Form::Padded {
                // By the index on the column, which takes spaces at the end for nothing.
                expr.walk_ast(out.reborrow())?;
                self.push_wanted(out, form)?;
                out.push_sql(" AND ");
            }
            self.push_replaced(out, expr, form)?;
            return self.push_wanted(out, form);
        }
        // A text is n between white space if it is n after all white space became spaces, and those at the ends went; and
        // if it has n as it is.
        let position = match DB::dialect(out.reborrow())? {
            Dialect::Postgres => "strpos(",
            Dialect::Sqlite | Dialect::Mysql => "instr(",
        };
        for (place, (wanted, spaced)) in self.wanted.iter().zip(&self.spaced).enumerate() {
            out.push_sql(if place == 0 { "(trim(" } else { " OR (trim(" });
            for _ in WHITE_SPACE.iter() {
                out.push_sql("replace(");
            }
            self.push_replaced(out, expr, form)?;
            for space in WHITE_SPACE.iter() {
                out.push_sql(", ");
                push_literal(out, &space.to_string(), form)?;
                out.push_sql(", ");
                push_literal(out, " ", form)?;
                out.push_sql(")");
            }
            out.push_sql(") = ");
            form.bind(out, spaced)?;
            out.push_sql(" AND ");
            out.push_sql(position);
            self.push_replaced(out, expr, form)?;
            out.push_sql(", ");
            form.bind(out, wanted)?;
            out.push_sql(") > 0)");
        }
        Ok(())
    }

    /// The column's text with its characters replaced.
    fn push_replaced<'b, DB, E>(&'b self, out: &mut AstPass<'_, 'b, DB>, expr: &'b E, form: Form) -> QueryResult<()>
    where
        DB: SlotBackend,
        E: QueryFragment<DB> + ?Sized,
    {
        for _ in &self.replaced {
            out.push_sql("replace(");
        }
        let (before, behind) = form.around();
        out.push_sql(before);
        expr.walk_ast(out.reborrow())?;
        out.push_sql(behind);
        for [from, to] in &self.replaced {
            out.push_sql(", ");
            form.bind(out, from)?;
            out.push_sql(", ");
            form.bind(out, to)?;
            out.push_sql(")");
        }
        Ok(())
    }

    fn push_wanted<'b, DB: SlotBackend>(&'b self, out: &mut AstPass<'_, 'b, DB>, form: Form) -> QueryResult<()> {
        for (place, wanted) in self.wanted.iter().enumerate() {
            out.push_sql(if place == 0 { " IN (" } else { ", " });
            form.bind(out, wanted)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

/// As what a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As the bytes that it is.
    Bytes,
    /// As the text that it is.
    Text,
    /// On PostgreSQL, bytes as text of ASCII alone: no other function there takes any bytes.
    Escaped,
    /// On SQLite, which may hold text in a column of bytes.
    CastBytes,
    /// On MySQL and MariaDB, text whose characters are replaced: as bytes, or a character of another character set is an
    /// error.
    CastText,
    /// The same where nothing is replaced: its collation pads.
    Padded,
}

impl Form {
    const fn of(dialect: Dialect, storage: Storage, as_it_is: bool) -> Self {
        match (dialect, storage, as_it_is) {
            (Dialect::Postgres, Storage::Binary, false) => Self::Escaped,
            (Dialect::Sqlite, Storage::Binary, true) => Self::CastBytes,
            (Dialect::Postgres | Dialect::Mysql, Storage::Binary, _) => Self::Bytes,
            (Dialect::Postgres | Dialect::Sqlite, ..) => Self::Text,
            (Dialect::Mysql, Storage::Text, true) => Self::Padded,
            (Dialect::Mysql, Storage::Text, false) => Self::CastText,
        }
    }

    const fn around(self) -> (&'static str, &'static str) {
        match self {
            Self::Bytes | Self::Text => ("", ""),
            Self::Escaped => ("encode(", ", 'escape')"),
            Self::CastBytes => ("CAST(", " AS BLOB)"),
            Self::CastText | Self::Padded => ("CAST(", " AS BINARY)"),
        }
    }

    fn bind<'b, DB: SlotBackend>(self, out: &mut AstPass<'_, 'b, DB>, part: &'b Part) -> QueryResult<()> {
        match self {
            Self::Text => DB::push_text(out, part),
            Self::Escaped => DB::push_escaped(out, part.escaped()),
            Self::Bytes | Self::CastBytes | Self::CastText | Self::Padded => DB::push_binary(out, part),
        }
    }
}

fn push_literal<DB: SlotBackend>(out: &mut AstPass<'_, '_, DB>, text: &str, form: Form) -> QueryResult<()> {
    match form {
        Form::Text => out.push_sql(&format!("'{text}'")),
        Form::Escaped => {
            let escaped = String::from_utf8_lossy(&part::escape(text.as_bytes())).replace('\\', "\\\\");
            out.push_sql(&format!("E'{escaped}'"));
        }
        _ => return push_bytes(out, text.as_bytes()),
    }
    Ok(())
}
