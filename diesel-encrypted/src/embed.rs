//! A wrapper as `#[diesel(embed)]`: the part of an insert that it stands for, its column and its value.
//!
//! `COPY .. FROM` of PostgreSQL takes nothing but values that are bound by Diesel's own node, which can be compared. So
//! that node must never be in a caller's hands: it is made within [`Insertable::values`], of a type that nobody can name.

use std::fmt;
use std::marker::PhantomData;

use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Binary, SingleValue, Text};

use crate::bind::{Bind, Bindable};
use crate::column::DeclaredColumn;
use crate::sql_types::Ciphertext;
use crate::{Encrypted, Sealed};

/// A bind parameter of the column `D`, in Diesel's node.
#[derive(AsExpression)]
#[diesel(sql_type = Binary)]
#[diesel(sql_type = Text)]
#[diesel(sql_type = Ciphertext<D>)]
pub struct Embedded<V, D: 'static> {
    bind: Bind<V>,
    column: PhantomData<fn() -> D>,
}

impl<V, D> fmt::Debug for Embedded<V, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bind.fmt(f)
    }
}

macro_rules! serialize {
    ($($sql_type:ty),*) => { $(
        impl<V: Bindable, D, DB: diesel::backend::Backend> ToSql<$sql_type, DB> for Embedded<V, D>
        where
            Bind<V>: ToSql<$sql_type, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.bind.to_sql(out)
            }
        }
    )* };
}
serialize!(Binary, Text, Ciphertext<D>);

/// `column = value`, as Diesel inserts it.
type Assignment<V, D> = diesel::dsl::Eq<D, Embedded<V, D>>;

macro_rules! insertable {
    ($([$($lifetime:lifetime)?] $value:ty;)*) => { $(
        impl<$($lifetime,)? T, C, D, ST, Tab> Insertable<Tab> for $value
        where
            C: DeclaredColumn<Column = D>,
            D: Column<Table = Tab, SqlType = ST> + Default + 'static,
            ST: SingleValue,
            Embedded<Self, D>: AsExpression<ST>,
            Assignment<Self, D>: Insertable<Tab>,
        {
            type Values = <Assignment<Self, D> as Insertable<Tab>>::Values;

            fn values(self) -> Self::Values {
                D::default().eq(Embedded { bind: Bind::new(self), column: PhantomData }).values()
            }
        }
    )* };
}
insertable! {
    [] Encrypted<T, C>;
    ['a] &'a Encrypted<T, C>;
    [] Sealed<T, C>;
    ['a] &'a Sealed<T, C>;
}
