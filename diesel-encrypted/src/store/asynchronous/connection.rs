//! What a connection of diesel-async's must be able to do to hold the key tables.

use std::marker::PhantomData;

use diesel::{deserialize::FromSqlRow, expression::QueryMetadata, result::QueryResult, sql_types::Binary};
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::store::{
    connection::{
        CatalogueColumns, CatalogueSqlTypes, FieldColumns, FieldSqlTypes, KeyColumns, KeySqlTypes, KeyStoreBackend,
    },
    statement::{Rows, Statement},
};

/// A connection that can hold the key tables: every connection of diesel-async's to a database that we know.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an asynchronous connection that a vault can be opened over",
    label = "not a connection of diesel-async",
    note = "pass a `&mut AsyncPgConnection`, a `&mut AsyncMysqlConnection`, or a \
            `&mut SyncConnectionWrapper<SqliteConnection>`, from a pool `&mut pool.get().await?`",
    note = "over one of Diesel's own connections, a vault is opened by `.open(..)`"
)]
pub trait AsyncKeyStoreConnection: AsyncConnection {
    #[doc(hidden)]
    fn run(&mut self, statement: Statement) -> impl Future<Output = QueryResult<usize>> + Send;
    #[doc(hidden)]
    fn keys(&mut self, statement: Statement) -> impl Future<Output = QueryResult<Vec<KeyColumns>>> + Send;
    #[doc(hidden)]
    fn fields(&mut self, statement: Statement) -> impl Future<Output = QueryResult<Vec<FieldColumns>>> + Send;
    #[doc(hidden)]
    fn catalogue(&mut self, statement: Statement) -> impl Future<Output = QueryResult<Vec<CatalogueColumns>>> + Send;
    #[doc(hidden)]
    fn sample(&mut self, statement: Statement) -> impl Future<Output = QueryResult<Option<Vec<u8>>>> + Send;
}

impl<C> AsyncKeyStoreConnection for C
where
    C: AsyncConnection,
    C::Backend: KeyStoreBackend
        + QueryMetadata<KeySqlTypes>
        + QueryMetadata<FieldSqlTypes>
        + QueryMetadata<CatalogueSqlTypes>
        + QueryMetadata<Binary>
        + 'static,
    KeyColumns: FromSqlRow<KeySqlTypes, C::Backend>,
    FieldColumns: FromSqlRow<FieldSqlTypes, C::Backend>,
    CatalogueColumns: FromSqlRow<CatalogueSqlTypes, C::Backend>,
    Vec<u8>: FromSqlRow<Binary, C::Backend>,
{
    async fn run(&mut self, statement: Statement) -> QueryResult<usize> {
        statement.execute(self).await
    }

    async fn keys(&mut self, statement: Statement) -> QueryResult<Vec<KeyColumns>> {
        Rows::<KeySqlTypes>(statement, PhantomData).load(self).await
    }

    async fn fields(&mut self, statement: Statement) -> QueryResult<Vec<FieldColumns>> {
        Rows::<FieldSqlTypes>(statement, PhantomData).load(self).await
    }

    async fn catalogue(&mut self, statement: Statement) -> QueryResult<Vec<CatalogueColumns>> {
        Rows::<CatalogueSqlTypes>(statement, PhantomData).load(self).await
    }

    async fn sample(&mut self, statement: Statement) -> QueryResult<Option<Vec<u8>>> {
        Ok(Rows::<Binary>(statement, PhantomData).load(self).await?.pop())
    }
}
