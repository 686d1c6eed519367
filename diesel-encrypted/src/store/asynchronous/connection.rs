//! What a connection of diesel-async's must be able to do to hold the key tables.

use std::{marker::PhantomData, time::Duration};

use diesel::{deserialize::FromSqlRow, expression::QueryMetadata, result::QueryResult, sql_types::Binary};
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};

use crate::store::{
    connection::{
        AuditColumns, AuditSqlTypes, CatalogueColumns, CatalogueSqlTypes, FieldColumns, FieldSqlTypes, KeyColumns,
        KeySqlTypes, KeyStoreBackend, Numbers,
    },
    run::{Awaited, Run},
    statement::{Rows, Statement},
};

use super::on_thread::OnThread;

/// A connection that can hold the key tables: every connection of diesel-async's to a database that we know.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an asynchronous connection that a vault can be opened over",
    label = "not a connection of diesel-async",
    note = "pass a `&mut AsyncPgConnection`, a `&mut AsyncMysqlConnection`, or a \
            `&mut SyncConnectionWrapper<SqliteConnection>`, from a pool `&mut pool.get().await?`",
    note = "over one of Diesel's own connections, a vault is opened by `.open(..)`"
)]
pub trait AsyncKeyStoreConnection: AsyncConnection + Run<Awaited> {}

impl<C> AsyncKeyStoreConnection for C where C: AsyncConnection + Run<Awaited> {}

impl<C> Run<Awaited> for C
where
    C: AsyncConnection,
    C::Backend: KeyStoreBackend
        + QueryMetadata<KeySqlTypes>
        + QueryMetadata<FieldSqlTypes>
        + QueryMetadata<AuditSqlTypes>
        + QueryMetadata<Numbers>
        + QueryMetadata<CatalogueSqlTypes>
        + QueryMetadata<Binary>
        + 'static,
    KeyColumns: FromSqlRow<KeySqlTypes, C::Backend>,
    FieldColumns: FromSqlRow<FieldSqlTypes, C::Backend>,
    AuditColumns: FromSqlRow<AuditSqlTypes, C::Backend>,
    (i64, i64): FromSqlRow<Numbers, C::Backend>,
    CatalogueColumns: FromSqlRow<CatalogueSqlTypes, C::Backend>,
    Vec<u8>: FromSqlRow<Binary, C::Backend>,
{
    fn in_transaction(&mut self) -> QueryResult<bool> {
        let status = C::TransactionManager::transaction_manager_status_mut(self);
        status.transaction_depth().map(|depth| depth.is_some())
    }

    async fn begin(&mut self) -> QueryResult<()> {
        C::TransactionManager::begin_transaction(self).await
    }

    async fn commit(&mut self) -> QueryResult<()> {
        C::TransactionManager::commit_transaction(self).await
    }

    async fn roll_back(&mut self) -> QueryResult<()> {
        C::TransactionManager::rollback_transaction(self).await
    }

    async fn run(&mut self, statement: Statement) -> QueryResult<usize> {
        statement.execute(self).await
    }

    async fn keys(&mut self, statement: Statement) -> QueryResult<Vec<KeyColumns>> {
        Rows::<KeySqlTypes>(statement, PhantomData).load(self).await
    }

    async fn fields(&mut self, statement: Statement) -> QueryResult<Vec<FieldColumns>> {
        Rows::<FieldSqlTypes>(statement, PhantomData).load(self).await
    }

    async fn audit(&mut self, statement: Statement) -> QueryResult<Vec<AuditColumns>> {
        Rows::<AuditSqlTypes>(statement, PhantomData).load(self).await
    }

    async fn pairs(&mut self, statement: Statement) -> QueryResult<Vec<(i64, i64)>> {
        Rows::<Numbers>(statement, PhantomData).load(self).await
    }

    async fn catalogue(&mut self, statement: Statement) -> QueryResult<Vec<CatalogueColumns>> {
        Rows::<CatalogueSqlTypes>(statement, PhantomData).load(self).await
    }

    async fn sample(&mut self, statement: Statement) -> QueryResult<Option<Vec<u8>>> {
        Ok(Rows::<Binary>(statement, PhantomData).load(self).await?.pop())
    }

    async fn pause(&mut self, length: Duration) {
        match OnThread::new(move || std::thread::sleep(length)) {
            Ok(pause) => pause.await,
            Err(_) => std::thread::sleep(length),
        }
    }
}
