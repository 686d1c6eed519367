//! Accounts over the connections of diesel-async.

use std::{io, marker::PhantomData};

use diesel::{deserialize::FromSqlRow, expression::QueryMetadata, result::QueryResult};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::connection::{RowColumns, RowSqlTypes, RunAccounts};
use crate::store::{
    asynchronous::on_thread::OnThread,
    connection::KeyStoreBackend,
    run::{Awaited, Run},
    statement::{Rows, Statement},
};

/// A connection that can hold the tables of accounts: every connection of diesel-async's to a database that we know.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an asynchronous connection that accounts work over",
    label = "not a connection of diesel-async",
    note = "pass a `&mut AsyncPgConnection`, a `&mut AsyncMysqlConnection`, or a \
            `&mut SyncConnectionWrapper<SqliteConnection>`, from a pool `&mut pool.get().await?`"
)]
pub trait AsyncAccountsConnection: AsyncConnection + RunAccounts<Awaited> {}

impl<C> AsyncAccountsConnection for C where C: AsyncConnection + RunAccounts<Awaited> {}

impl<C> RunAccounts<Awaited> for C
where
    C: AsyncConnection + Run<Awaited>,
    C::Backend: KeyStoreBackend + QueryMetadata<RowSqlTypes> + 'static,
    RowColumns: FromSqlRow<RowSqlTypes, C::Backend>,
{
    async fn rows(&mut self, statement: Statement) -> QueryResult<Vec<RowColumns>> {
        Rows::<RowSqlTypes>(statement, PhantomData).load(self).await
    }

    async fn compute<T: Send + 'static>(&mut self, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        Ok(OnThread::new(work)?.await)
    }
}
