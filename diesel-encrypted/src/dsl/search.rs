//! What is searched for: the tags of a value under each live generation, and the bind parameters that carry them.
//!
//! Tags are computed when the search is written, since the SQL depends on their number; a failure waits for the bind, so
//! that nothing but executing a statement fails. The value itself is kept where rows in the clear are to be found, too, and
//! nowhere else.

use std::fmt;

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Binary, Text};
use diesel_encrypted_core::format::text;
use diesel_encrypted_core::index::clear::Searched;
use diesel_encrypted_core::value::{Encode, ValueClass};
use diesel_encrypted_core::{Field, Plaintext, Storage, ValueError, Vault, VaultId};

use super::clear::Clear;
use super::dialect::SlotBackend;
use crate::Encrypted;

/// A value that a column of the class `K` can be searched for: one in the clear, or a loaded `&Encrypted<T, C>` of any
/// column whose values are of the same class.
#[diagnostic::on_unimplemented(
    message = "a column of the class `{K}` cannot be searched for `{Self}`",
    label = "neither a value of that class nor a reference to a loaded one",
    note = "give the value in the clear, or `&row.column` of an `Encrypted` whose values are of that class"
)]
pub trait SearchValue<K: ValueClass> {
    /// The value's own type.
    type Plain: Encode + ?Sized;

    /// The value in the clear.
    fn plain(&self) -> &Self::Plain;
}

impl<V: Encode<Class: SameClass<K>>, K: ValueClass> SearchValue<K> for V {
    type Plain = V;

    #[inline]
    fn plain(&self) -> &V {
        self
    }
}

impl<T: Encode<Class: SameClass<K>>, C, K: ValueClass> SearchValue<K> for &Encrypted<T, C> {
    type Plain = T;

    #[inline]
    fn plain(&self) -> &T {
        self.expose()
    }
}

/// The class `K` itself.
#[diagnostic::on_unimplemented(
    message = "the column holds values of class `{K}`, and is searched for one of class `{Self}`",
    label = "of another class than the column's values",
    note = "give the value in the column's own type: values of different classes are never equal"
)]
pub trait SameClass<K> {}

impl<K: ValueClass> SameClass<K> for K {}

/// The tags of one or more values.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) tags: Vec<Tag>,
    /// Whether NULL was among the values.
    pub(crate) null: bool,
    /// What is found of rows in the clear, where the column accepts plaintext.
    pub(crate) clear: Option<Clear>,
}

impl Search {
    /// The tags of `values` in the blind index `slot` of `field`, one for each live generation, and what rows in the clear
    /// equal them.
    pub(crate) fn of<K: ValueClass, V: SearchValue<K>>(
        field: &'static Field,
        slot: usize,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self::new(field, slot, values, true)
    }

    /// The same, with more rows in the clear than are equal where SQL cannot tell.
    pub(crate) fn candidates<K: ValueClass, V: SearchValue<K>>(field: &'static Field, slot: usize, value: V) -> Self {
        Self::new(field, slot, [value], false)
    }

    fn new<K: ValueClass, V: SearchValue<K>>(
        field: &'static Field,
        slot: usize,
        values: impl IntoIterator<Item = V>,
        exact: bool,
    ) -> Self {
        let mut search = Self { tags: Vec::with_capacity(1), null: false, clear: None };
        let mut searched = Vec::new();
        let encode_error = |source| ValueError::Encode { field: field.into(), source };
        let found = Vault::with_current(field, |vault| {
            for value in values {
                let value = value.plain();
                if value.is_null() {
                    search.null = true;
                    continue;
                }
                vault.each_search_slot(field, slot, value, |slot| {
                    let content = match field.storage() {
                        Storage::Binary => Content::Bytes(slot),
                        Storage::Text => Content::Text(text::encode(&slot)),
                    };
                    search.tags.push(Tag { field, content, vault: Some(vault.id()) });
                })?;
                if field.declared_plaintext() == Plaintext::Accept {
                    let mut encoded = Vec::with_capacity(value.encoded_len());
                    value.encode(&mut encoded).map_err(encode_error)?;
                    searched.push(Searched::new(encoded));
                }
            }
            search.clear = Clear::of(field, slot, &searched, exact).map_err(encode_error)?;
            Ok(())
        });
        if let Err(error) = found {
            search.tags = vec![Tag { field, content: Content::Failed(error), vault: None }];
        }
        search
    }

    /// The tags as an SQL list without its brackets, of bind parameters. Where there are none, `NULL`, which nothing is in
    /// or not in.
    pub(super) fn push_tags<'b, DB: SlotBackend>(
        &'b self,
        out: &mut AstPass<'_, 'b, DB>,
        storage: Storage,
    ) -> QueryResult<()> {
        if self.tags.is_empty() {
            out.push_sql("NULL");
        }
        for (position, tag) in self.tags.iter().enumerate() {
            if position > 0 {
                out.push_sql(", ");
            }
            DB::push_tag(out, storage, tag)?;
        }
        Ok(())
    }
}

impl Search {
    /// ` OR (..)`: the rows in the clear, where there may be some.
    pub(super) fn push_or_clear<'b, DB, E>(
        &'b self,
        out: &mut AstPass<'_, 'b, DB>,
        expr: &'b E,
        storage: Storage,
    ) -> QueryResult<()>
    where
        DB: SlotBackend,
        E: QueryFragment<DB>,
    {
        let Some(clear) = &self.clear else { return Ok(()) };
        // The statement cache goes by the type, and this depends on the value.
        out.unsafe_to_cache_prepared();
        out.push_sql(" OR (");
        clear.push(out, expr, storage)?;
        out.push_sql(")");
        Ok(())
    }
}

/// One tag, as a bind parameter.
#[derive(Clone)]
pub struct Tag {
    field: &'static Field,
    content: Content,
    vault: Option<VaultId>,
}

#[derive(Clone)]
enum Content {
    Bytes([u8; 15]),
    Text(String),
    Failed(ValueError),
}

impl Tag {
    /// What was computed, if the vault of this scope is the one that computed it.
    fn content(&self) -> Result<&Content, ValueError> {
        if let Content::Failed(error) = &self.content {
            return Err(error.clone());
        }
        let current = Vault::with_current(self.field, |vault| Ok(vault.id()))?;
        if Some(current) == self.vault { Ok(&self.content) } else { Err(crate::error::sealed_elsewhere(self.field)) }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[blind index tag]")
    }
}

impl<DB: Backend> ToSql<Binary, DB> for Tag
where
    [u8]: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        match self.content()? {
            Content::Bytes(bytes) => <[u8] as ToSql<Binary, DB>>::to_sql(bytes, out),
            _ => Err("a tag of a text column was bound as bytes".into()),
        }
    }
}

impl<DB: Backend> ToSql<Text, DB> for Tag
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        match self.content()? {
            Content::Text(text) => <str as ToSql<Text, DB>>::to_sql(text, out),
            _ => Err("a tag of a binary column was bound as text".into()),
        }
    }
}
