//! What a connection must be able to do to hold the tables of accounts: besides what the key store asks, rows of one shape.

use std::{io, marker::PhantomData};

use diesel::{
    Connection, QueryResult,
    connection::LoadConnection,
    deserialize::FromSqlRow,
    query_dsl::methods::LoadQuery,
    sql_types::{BigInt, Binary, Nullable},
};

use crate::store::{
    connection::KeyStoreBackend,
    run::{AtOnce, Run},
    statement::{Rows, Statement},
};

type Number = Option<i64>;
type Bytes = Option<Vec<u8>>;
type NumberType = Nullable<BigInt>;
type BytesType = Nullable<Binary>;

/// A row of any of the tables: four numbers and eight byte strings, of which a table fills those that it has.
pub(super) type RowColumns = (Number, Number, Number, Number, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes);
pub(super) type RowSqlTypes = (
    NumberType,
    NumberType,
    NumberType,
    NumberType,
    BytesType,
    BytesType,
    BytesType,
    BytesType,
    BytesType,
    BytesType,
    BytesType,
    BytesType,
);

/// A connection over which accounts work, at once or awaited.
pub trait RunAccounts<How>: Run<How> {
    #[doc(hidden)]
    fn rows(&mut self, statement: Statement) -> impl Future<Output = QueryResult<Vec<RowColumns>>> + Send;

    /// What takes a processor for long: deriving a key from a password.
    #[doc(hidden)]
    fn compute<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = io::Result<T>> + Send;
}

/// A connection that can hold the tables of accounts: every connection of Diesel's that loads rows.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connection that accounts work over",
    label = "not a synchronous Diesel connection",
    note = "pass a `&mut SqliteConnection` (or another of Diesel's), for a pool `&mut *pool.get()?`",
    note = "over a connection of diesel-async's, call the function whose name ends in `_async`"
)]
pub trait AccountsConnection: Connection + RunAccounts<AtOnce> {}

impl<C> AccountsConnection for C where C: Connection + RunAccounts<AtOnce> {}

impl<C> RunAccounts<AtOnce> for C
where
    C: LoadConnection + Run<AtOnce>,
    C::Backend: KeyStoreBackend,
    RowColumns: FromSqlRow<RowSqlTypes, C::Backend>,
    Rows<RowSqlTypes>: for<'q> LoadQuery<'q, C, RowColumns>,
{
    async fn rows(&mut self, statement: Statement) -> QueryResult<Vec<RowColumns>> {
        Rows::<RowSqlTypes>(statement, PhantomData).internal_load(self)?.collect()
    }

    async fn compute<T: Send + 'static>(&mut self, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        Ok(work())
    }
}
