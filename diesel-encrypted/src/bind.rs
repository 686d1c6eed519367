//! Writing: the node that a sealed value becomes in a statement, and the bind parameter within it.
//!
//! The node must not be comparable. `Encrypted` and `Sealed` themselves must not implement `ToSql`: Diesel would then bind
//! an `Option` of them by itself, and `filter(phone.eq(Some(..)))` would compile and find nothing.

use std::fmt;
use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, AsExpression, Expression, SelectableExpression, TypedExpressionType, ValidGrouping, is_aggregate,
};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Binary, HasSqlType, Nullable, SqlType, Text};
use diesel_encrypted_core::{Field, ValueError, Vault, VaultId};
use once_cell::sync::OnceCell;

use crate::column::DeclaredColumn;
use crate::sql_types::Ciphertext;
use crate::stored::Stored;
use crate::{Encrypted, Sealed};

/// What a statement sealed, and the vault it did so with.
pub struct Once {
    pub(crate) vault: VaultId,
    pub(crate) stored: Stored,
}

impl Once {
    /// What was sealed, if `vault` is the one that sealed it.
    pub(crate) fn under(&self, vault: &Vault, field: &'static Field) -> Result<&Stored, ValueError> {
        if self.vault == vault.id() { Ok(&self.stored) } else { Err(crate::error::sealed_elsewhere(field)) }
    }
}

/// A value that a statement can write to an encrypted column.
pub trait Bindable {
    /// What is stored. The first call may seal into `once`; each later one gives the same bytes, since a driver may
    /// serialise a bind twice and keeps the reference.
    fn stored<'a>(&'a self, once: &'a OnceCell<Once>) -> Result<&'a Stored, ValueError>;
}

impl<V: Bindable + ?Sized> Bindable for &V {
    fn stored<'a>(&'a self, once: &'a OnceCell<Once>) -> Result<&'a Stored, ValueError> {
        (**self).stored(once)
    }
}

/// The bind parameter: seals when it is serialised, so that `debug_query` neither seals nor fails.
pub struct Bind<V> {
    value: V,
    once: OnceCell<Once>,
}

impl<V> Bind<V> {
    pub(crate) const fn new(value: V) -> Self {
        Self { value, once: OnceCell::new() }
    }
}

impl<V> fmt::Debug for Bind<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

macro_rules! serialize_bind {
    ($([$($column:ident)?] $sql_type:ty: $inner:ty as $as:ty => $method:ident;)*) => { $(
        impl<V: Bindable, DB: Backend $(, $column: 'static)?> ToSql<$sql_type, DB> for Bind<V>
        where
            $inner: ToSql<$as, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.value.stored(&self.once)?.$method(out)
            }
        }
    )* };
}

serialize_bind! {
    [] Binary: [u8] as Binary => to_binary;
    [] Nullable<Binary>: [u8] as Binary => to_binary;
    [] Text: str as Text => to_text;
    [] Nullable<Text>: str as Text => to_text;
    [C] Ciphertext<C>: [u8] as Binary => to_binary;
    [C] Nullable<Ciphertext<C>>: [u8] as Binary => to_binary;
}

/// An encrypted value in a statement: `.values(..)` and `.set(..)` take it, comparisons do not.
pub struct Assign<ST, V> {
    bind: Bind<V>,
    sql_type: PhantomData<fn() -> ST>,
}

impl<ST, V> Assign<ST, V> {
    fn new(value: V) -> Self {
        Self { bind: Bind::new(value), sql_type: PhantomData }
    }
}

impl<ST, V: Clone> Clone for Assign<ST, V> {
    /// The copy is sealed anew: it may be executed in another scope.
    fn clone(&self) -> Self {
        Self::new(self.bind.value.clone())
    }
}

impl<ST, V> fmt::Debug for Assign<ST, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bind.fmt(f)
    }
}

impl<ST: SqlType + TypedExpressionType, V> Expression for Assign<ST, V> {
    type SqlType = ST;
}

impl<ST, V, DB> QueryFragment<DB> for Assign<ST, V>
where
    DB: Backend + HasSqlType<ST>,
    Bind<V>: ToSql<ST, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_bind_param::<ST, Bind<V>>(&self.bind)
    }
}

impl<ST: QueryId, V> QueryId for Assign<ST, V> {
    type QueryId = Assign<ST::QueryId, ()>;
    const HAS_STATIC_QUERY_ID: bool = ST::HAS_STATIC_QUERY_ID;
}

impl<ST, V, QS> SelectableExpression<QS> for Assign<ST, V> where Self: AppearsOnTable<QS> {}
impl<ST, V, QS> AppearsOnTable<QS> for Assign<ST, V> where Self: Expression {}

/// What may stand in a `WHERE`, `ON`, `HAVING` or `SELECT`. No encrypted value does.
#[diagnostic::on_unimplemented(
    message = "an encrypted value cannot be compared in SQL: the same value is sealed differently each time",
    label = "this value is encrypted",
    note = "search with `.blind_eq(..)` on a `#[searchable]` column; without one, load the rows and compare there"
)]
pub trait Comparable {}

impl<ST, V, G> ValidGrouping<G> for Assign<ST, V>
where
    Self: Comparable,
{
    type IsAggregate = is_aggregate::No;
}

macro_rules! as_expression {
    (@one [$($bound:tt)*] $sql_type:ty, $value:ty) => {
        impl<T, C: DeclaredColumn<$($bound)*>> AsExpression<$sql_type> for $value {
            type Expression = Assign<$sql_type, Self>;

            fn as_expression(self) -> Self::Expression {
                Assign::new(self)
            }
        }
    };
    ($([$($bound:tt)*] $sql_type:ty;)*) => { $(
        as_expression!(@one [$($bound)*] $sql_type, Encrypted<T, C>);
        as_expression!(@one [$($bound)*] $sql_type, &Encrypted<T, C>);
        as_expression!(@one [$($bound)*] $sql_type, &&Encrypted<T, C>);
        as_expression!(@one [$($bound)*] $sql_type, Sealed<T, C>);
        as_expression!(@one [$($bound)*] $sql_type, &Sealed<T, C>);
        as_expression!(@one [$($bound)*] $sql_type, &&Sealed<T, C>);
    )* };
}

as_expression! {
    [SqlType = Binary] Binary;
    [SqlType = Nullable<Binary>] Nullable<Binary>;
    [SqlType = Text] Text;
    [SqlType = Nullable<Text>] Nullable<Text>;
    [] Ciphertext<C::Column>;
    [] Nullable<Ciphertext<C::Column>>;
}

/// What Diesel may bind within an `Option` or a list. No encrypted value is: Diesel's own node could be compared.
#[diagnostic::on_unimplemented(
    message = "an `Option` or list of encrypted values cannot be bound: Diesel would let it be compared in SQL",
    label = "bound within an `Option` or a list",
    note = "to write NULL, use `Encrypted<Option<T>, C>` (or `Sealed<Option<T>, C>`)",
    note = "to leave the column alone, use `Option<Encrypted<T, C>>` in a struct without `treat_none_as_null` and \
            `treat_none_as_default_value = false`; for both, `Option<Encrypted<Option<T>, C>>`",
    note = "to store a list, seal it as one value: `Encrypted<Json<Vec<T>>, C>`",
    note = "to search, use `.blind_eq(..)` or `.blind_eq_any(..)` on a `#[searchable]` column"
)]
pub trait BoundWithinOption {}

macro_rules! refuse_options {
    ($([$($column:ident)?] $sql_type:ty;)*) => { $(
        refuse_options!(@one [$($column)?] $sql_type, Encrypted<T, C>);
        refuse_options!(@one [$($column)?] $sql_type, Sealed<T, C>);
    )* };
    (@one [$($column:ident)?] $sql_type:ty, $value:ty) => {
        impl<T, C, DB: Backend $(, $column)?> ToSql<$sql_type, DB> for $value
        where
            Self: BoundWithinOption,
        {
            fn to_sql<'b>(&'b self, _: &mut Output<'b, '_, DB>) -> serialize::Result {
                Err("an encrypted value was bound within an `Option` or a list".into())
            }
        }
    };
}

refuse_options! {
    [] Binary;
    [] Text;
    [D] Ciphertext<D>;
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use diesel_encrypted_core::keys::Secret;
    use diesel_encrypted_core::{Class, LocalRootKey, MemoryKeyStore, RootKeyId, RootKeys, Storage};

    use super::*;

    static NOTE: Field = Field::new("notes.note", "notes", "note", Class::Text, Storage::Text);

    fn vault() -> Vault {
        let root = LocalRootKey::new(RootKeyId::new("notes").unwrap(), Secret::generate().unwrap());
        Vault::builder(RootKeys::new(root)).field(&NOTE).open_with(&mut MemoryKeyStore::new()).unwrap()
    }

    diesel::table! {
        notes (id) {
            id -> Integer,
            note -> Text,
        }
    }

    impl crate::EncryptedColumn for notes::note {
        type Class = diesel_encrypted_core::value::class::Text;
        type Binding = crate::Unbound;
        type Layers = crate::OneLayer;

        fn field() -> &'static Field {
            &NOTE
        }
    }

    fn text<V: Bindable>(bind: &Bind<V>) -> Result<String, ValueError> {
        match bind.value.stored(&bind.once)? {
            Stored::Text(text) => Ok(text.clone()),
            _ => Ok(String::new()),
        }
    }

    #[test]
    fn a_bind_gives_the_same_bytes_each_time_and_a_clone_seals_anew() {
        vault().enter(|| {
            let node = AsExpression::<Text>::as_expression(Encrypted::<_, notes::note>::new("n"));
            let first = text(&node.bind).unwrap();
            assert_eq!(text(&node.bind).unwrap(), first);
            assert_ne!(text(&node.clone().bind).unwrap(), first);
        });
    }

    #[test]
    fn a_bind_that_was_sealed_under_one_vault_is_refused_under_another() {
        let node = AsExpression::<Text>::as_expression(Encrypted::<_, notes::note>::new("n"));
        let (a, b) = (vault(), vault());
        a.enter(|| text(&node.bind)).unwrap();
        assert!(matches!(b.enter(|| text(&node.bind)), Err(ValueError::SealedElsewhere { .. })));
        a.enter(|| text(&node.bind)).unwrap();
        let copy = node.clone();
        b.enter(|| text(&copy.bind)).unwrap();
    }
}
